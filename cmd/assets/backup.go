package main

import (
	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/cmd/internal/view"
)

func (a *app) backupCommand() *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the warehouse, and read the copy back",
		Long: `Copy the warehouse to FILE (relative to -chdir), read the copy back, and compare it
with its records. Others may read the warehouse meanwhile. FILE is there when it is
whole, not before.

The warehouse holds all that was built and recorded. Besides it you need the
project's own files; .assets is only a cache.

Exits 1 if something is wrong with the warehouse, and so with its copy.`,
		Args: takes(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			s, diags := a.open()
			if diags.HasErrors() {
				return a.giveUp(diags, s)
			}
			defer s.Close()
			size, found, diags := s.Backup(c.Context(), args[0], force)
			if diags.HasErrors() {
				return a.refuse(diags, s)
			}
			doc := view.BackupJSON{FormatVersion: view.FormatVersion, Warehouse: s.Project.Warehouse, Backup: args[0], Bytes: size, Findings: view.Findings(found)}
			if a.json {
				if err := a.document(doc, nil); err != nil {
					return err
				}
			} else {
				view.BackupText(a.out, doc, a.outStyle)
			}
			if len(found) > 0 {
				return exit(1)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&force, "force", false, "replace FILE if it exists")
	return c
}

func (a *app) restoreCommand() *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use:   "restore FILE",
		Short: "Put a backup into the warehouse's place",
		Long: `Read FILE (relative to -chdir), which "assets backup" wrote, compare it with its
records, and put a copy of it into the warehouse's place. The file that was there is
kept beside it. A backup that is not whole is refused, and so is one that lacks runs
which the warehouse has, unless -force is given.`,
		Args: takes(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			s, diags := a.open()
			if diags.HasErrors() {
				return a.giveUp(diags, s)
			}
			defer s.Close()
			done, diags := s.Restore(c.Context(), args[0], force)
			if diags.HasErrors() {
				return a.refuse(diags, s)
			}
			if done.Replaced != "" {
				done.Replaced = s.Near(done.Replaced)
			}
			doc := view.NewRestore(s.Project.Warehouse, args[0], done)
			if a.json {
				return a.document(doc, nil)
			}
			view.RestoreText(a.out, doc, a.now(), a.outStyle)
			return nil
		},
	}
	c.Flags().BoolVar(&force, "force", false, "also if the warehouse has later runs, or the backup is damaged")
	return c
}

package export

import (
	"path/filepath"
	"strings"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// ApplyJob is the job that every run of the project is one of; those that make
// its assets are parts of it.
func (o OpenLineage) ApplyJob() Job {
	return Job{o.Namespace, o.Project.Name + ".apply", JobFacets{JobType: jobType("DAG")}}
}

// AssetJob is the job that makes an asset.
func (o OpenLineage) AssetJob(name assets.Name) Job {
	job := Job{o.Namespace, tableName(name), JobFacets{JobType: jobType("MODEL")}}
	if a := o.Project.Assets[name]; a != nil {
		job.Facets.Documentation = o.documentation("DocumentationJobFacet", a.Description)
		job.Facets.Ownership = o.ownership("OwnershipJobFacet", a.Owner)
		if !a.SQL.Sensitive {
			job.Facets.SQL = &SQLFacet{facet("1-1-0", "SQLJobFacet"), o.redact(strings.TrimSpace(a.SQL.Text)), "duckdb"}
		}
	}
	return job
}

// ChecksJob is the job that checks an asset.
func (o OpenLineage) ChecksJob(name assets.Name) Job {
	job := Job{o.Namespace, tableName(name) + ".checks", JobFacets{JobType: jobType("TEST")}}
	if a := o.Project.Assets[name]; a != nil {
		job.Facets.Ownership = o.ownership("OwnershipJobFacet", a.Owner)
	}
	return job
}

// Inputs are what an asset reads, bare: names without facets.
func (o OpenLineage) Inputs(name assets.Name) []InputDataset {
	var inputs []InputDataset
	if node := o.Graph.Nodes[name]; node != nil {
		for _, input := range node.Inputs {
			inputs = append(inputs, InputDataset{Dataset: o.bare(input)})
		}
	}
	return inputs
}

// Read are what an asset reads, with all that is known of it. versions may be nil.
func (o OpenLineage) Read(name assets.Name, versions map[assets.Name]assets.Digest) []InputDataset {
	var inputs []InputDataset
	if node := o.Graph.Nodes[name]; node != nil {
		for _, input := range node.Inputs {
			inputs = append(inputs, InputDataset{Dataset: o.dataset(input, versions[input])})
		}
	}
	return inputs
}

// Output is what an asset's job makes, bare.
func (o OpenLineage) Output(name assets.Name) []OutputDataset {
	return []OutputDataset{{Dataset: o.bare(name)}}
}

// Made is what an asset's job made, with all that is known of it; without rows if
// nobody counted them. version may be empty.
func (o OpenLineage) Made(name assets.Name, version assets.Digest, rows *int64) []OutputDataset {
	out := OutputDataset{Dataset: o.dataset(name, version)}
	out.Facets.ColumnLineage = o.columnLineage(name)
	if rows != nil {
		out.OutputFacets.Statistics = &OutputStatisticsFacet{facet("1-0-2", "OutputStatisticsOutputDatasetFacet"), *rows}
	}
	return []OutputDataset{out}
}

// DroppedDataset is what a run removed.
func (o OpenLineage) DroppedDataset(name assets.Name) OutputDataset {
	out := OutputDataset{Dataset: o.bare(name)}
	out.Facets.Lifecycle = &LifecycleStateFacet{facet("1-0-1", "LifecycleStateChangeDatasetFacet"), "DROP"}
	return out
}

// bare is a dataset's name: where it lies, not on which machine that is.
//
// What the project builds is schema.table in duckdb://NAMESPACE. Files of a source
// below the project's directory are paths from there in file://NAMESPACE, the same
// on every machine; others have their absolute path in the namespace file, as
// OpenLineage names files, so that they are found to be those that another
// program writes. What is fetched is named by its address.
func (o OpenLineage) bare(name assets.Name) Dataset {
	source := o.Project.Sources[name]
	if source == nil {
		return Dataset{Namespace: "duckdb://" + o.Namespace, Name: tableName(name)}
	}
	switch {
	case len(source.Remote) > 0:
		scheme, rest, _ := strings.Cut(source.Remote[0].Shown, "://")
		host, path, _ := strings.Cut(rest, "/")
		return Dataset{Namespace: scheme + "://" + host, Name: "/" + path}
	case source.Table != nil:
		return o.attached(source.Table)
	case source.Event:
		return Dataset{Namespace: "event://" + o.Namespace, Name: tableName(name)}
	}
	files := filepath.FromSlash(source.Reader.Glob)
	if !filepath.IsAbs(files) {
		files = filepath.Join(source.Reader.Dir, files)
	}
	if below, err := filepath.Rel(o.Project.Dir, files); err == nil && filepath.IsLocal(below) {
		return Dataset{Namespace: "file://" + o.Namespace, Name: "/" + filepath.ToSlash(below)}
	}
	return Dataset{Namespace: "file", Name: filepath.ToSlash(files)}
}

// tableName always has its schema: other programs do not know that main is the default.
func tableName(name assets.Name) string { return name.Schema + "." + name.Table }

func (o OpenLineage) dataset(name assets.Name, version assets.Digest) Dataset {
	d := o.bare(name)
	kind := "FILE"
	if s := o.Project.Sources[name]; s != nil {
		switch {
		case s.Table != nil:
			kind = "TABLE"
		case s.Event:
			kind = "STREAM"
		}
		d.Facets.Documentation = o.documentation("DocumentationDatasetFacet", s.Description)
		d.Facets.Ownership = o.ownership("OwnershipDatasetFacet", s.Owner)
	} else if a := o.Project.Assets[name]; a != nil {
		kind = strings.ToUpper(string(a.Kind))
		d.Facets.Documentation = o.documentation("DocumentationDatasetFacet", a.Description)
		d.Facets.Ownership = o.ownership("OwnershipDatasetFacet", a.Owner)
	}
	d.Facets.Type = &DatasetTypeFacet{facet("1-0-1", "DatasetTypeDatasetFacet"), kind}
	d.Facets.Schema = o.schema(name)
	if version != "" {
		d.Facets.Version = &VersionFacet{facet("1-0-1", "DatasetVersionDatasetFacet"), string(version)}
	}
	return d
}

func (o OpenLineage) documentation(kind, text string) *DocumentationFacet {
	if text == "" {
		return nil
	}
	return &DocumentationFacet{facet("1-1-0", kind), o.redact(text)}
}

func (o OpenLineage) ownership(kind, owner string) *OwnershipFacet {
	if owner == "" {
		return nil
	}
	return &OwnershipFacet{facet("1-0-1", kind), []Owner{{o.redact(owner)}}}
}

// schema is nil if the columns are not known.
func (o OpenLineage) schema(name assets.Name) *SchemaFacet {
	node := o.Graph.Nodes[name]
	if node == nil || len(node.Columns) == 0 {
		return nil
	}
	s := &SchemaFacet{Facet: facet("1-2-0", "SchemaDatasetFacet")}
	for i, column := range node.Columns {
		s.Fields = append(s.Fields, Field{o.redact(column.Name), column.Type, o.about(name, column.Name), i + 1})
	}
	return s
}

// about is what a column block says of a column.
func (o OpenLineage) about(name assets.Name, column string) string {
	if a := o.Project.Assets[name]; a != nil {
		for _, c := range a.Columns {
			if strings.EqualFold(c.Name, column) {
				return o.redact(c.Description)
			}
		}
	}
	return ""
}

func (o OpenLineage) columnLineage(name assets.Name) *ColumnLineageFacet {
	node := o.Graph.Nodes[name]
	if node == nil || len(node.Bound.Outputs) == 0 {
		return nil
	}
	f := &ColumnLineageFacet{Facet: facet("1-2-0", "ColumnLineageDatasetFacet"), Fields: map[string]FieldLineage{}}
	for _, output := range node.Bound.Outputs {
		f.Fields[o.redact(output.Name)] = FieldLineage{o.inputFields(lineage.Joined(output.From, output.Ties))}
	}
	f.Dataset = o.inputFields(node.Bound.RowsFrom)
	return f
}

// inputFields are never nil: a constant is computed from an empty list of columns.
func (o OpenLineage) inputFields(origins []lineage.Origin) []InputField {
	fields := []InputField{}
	for _, origin := range origins {
		if origin.Column == lineage.RowOrder {
			continue // no column: OpenLineage has no word for the order of rows
		}
		d := o.bare(origin.Input)
		field := InputField{d.Namespace, d.Name, o.redact(origin.Column), []Transformation{}}
		for _, subtype := range (origin.Via & lineage.Direct).Subtypes() {
			field.Transformations = append(field.Transformations, Transformation{Type: "DIRECT", Subtype: subtype})
		}
		for _, subtype := range (origin.Via &^ lineage.Direct).Subtypes() {
			field.Transformations = append(field.Transformations, Transformation{Type: "INDIRECT", Subtype: subtype})
		}
		fields = append(fields, field)
	}
	return fields
}

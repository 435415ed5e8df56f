package export

import "strings"

// Facet is what all facets have: who says it, and by which version of which schema.
type Facet struct {
	Producer  string `json:"_producer"`
	SchemaURL string `json:"_schemaURL"`
}

func facet(version, name string) Facet {
	return Facet{Producer: producer, SchemaURL: specURL + "facets/" + version + "/" + name + ".json#/$defs/" + name}
}

// RunFacets say more of a run.
type RunFacets struct {
	Parent           *ParentRunFacet        `json:"parent,omitempty"`
	ProcessingEngine *ProcessingEngineFacet `json:"processing_engine,omitempty"`
	ErrorMessage     *ErrorMessageFacet     `json:"errorMessage,omitempty"`
}

// ParentRunFacet names the run that a run is a part of.
type ParentRunFacet struct {
	Facet
	Run Run `json:"run"`
	Job Job `json:"job"`
}

// NewParent is the facet of the parts of a run.
func NewParent(run Run, job Job) *ParentRunFacet {
	return &ParentRunFacet{facet("1-2-0", "ParentRunFacet"), Run{ID: run.ID}, Job{Namespace: job.Namespace, Name: job.Name}}
}

// ProcessingEngineFacet names what carries jobs out.
type ProcessingEngineFacet struct {
	Facet
	Name    string `json:"name"`
	Version string `json:"version"`
}

// NewEngine is the facet for DuckDB of the given version, as "v1.5.5".
func NewEngine(version string) *ProcessingEngineFacet {
	return &ProcessingEngineFacet{facet("1-1-1", "ProcessingEngineRunFacet"), "DuckDB", strings.TrimPrefix(version, "v")}
}

// ErrorMessageFacet says why a run failed.
type ErrorMessageFacet struct {
	Facet
	Message  string `json:"message"`
	Language string `json:"programmingLanguage"`
}

// Failure is the facet of a run that failed.
func (o OpenLineage) Failure(message string) *ErrorMessageFacet {
	return &ErrorMessageFacet{facet("1-0-1", "ErrorMessageRunFacet"), o.redact(message), "SQL"}
}

// JobFacets say more of a job.
type JobFacets struct {
	JobType       *JobTypeFacet       `json:"jobType,omitempty"`
	SQL           *SQLFacet           `json:"sql,omitempty"`
	Documentation *DocumentationFacet `json:"documentation,omitempty"`
	Ownership     *OwnershipFacet     `json:"ownership,omitempty"`
}

// JobTypeFacet says what kind of job it is: MODEL makes a dataset, TEST checks
// one, DAG is made of others.
type JobTypeFacet struct {
	Facet
	ProcessingType string `json:"processingType"`
	Integration    string `json:"integration"`
	JobType        string `json:"jobType"`
}

func jobType(kind string) *JobTypeFacet {
	return &JobTypeFacet{facet("2-0-4", "JobTypeJobFacet"), "BATCH", "ASSETS", kind}
}

// SQLFacet is the statement of a job.
type SQLFacet struct {
	Facet
	Query   string `json:"query"`
	Dialect string `json:"dialect"`
}

// DocumentationFacet is what people wrote about a job or dataset.
type DocumentationFacet struct {
	Facet
	Description string `json:"description"`
}

// OwnershipFacet says whose a job or dataset is.
type OwnershipFacet struct {
	Facet
	Owners []Owner `json:"owners"`
}

// Owner is a person or a group.
type Owner struct {
	Name string `json:"name"`
}

// DatasetFacets say more of a dataset.
type DatasetFacets struct {
	Type          *DatasetTypeFacet    `json:"datasetType,omitempty"`
	Version       *VersionFacet        `json:"version,omitempty"`
	Schema        *SchemaFacet         `json:"schema,omitempty"`
	ColumnLineage *ColumnLineageFacet  `json:"columnLineage,omitempty"`
	Documentation *DocumentationFacet  `json:"documentation,omitempty"`
	Ownership     *OwnershipFacet      `json:"ownership,omitempty"`
	Lifecycle     *LifecycleStateFacet `json:"lifecycleStateChange,omitempty"`
}

// DatasetTypeFacet is TABLE, VIEW or FILE.
type DatasetTypeFacet struct {
	Facet
	DatasetType string `json:"datasetType"`
}

// VersionFacet is the id of a content.
type VersionFacet struct {
	Facet
	DatasetVersion string `json:"datasetVersion"`
}

// SchemaFacet lists the columns of a dataset.
type SchemaFacet struct {
	Facet
	Fields []Field `json:"fields"`
}

// Field is a column; its position counts from 1.
type Field struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Description string `json:"description,omitempty"`
	Position    int    `json:"ordinal_position"`
}

// LifecycleStateFacet says that a dataset was dropped.
type LifecycleStateFacet struct {
	Facet
	Change string `json:"lifecycleStateChange"`
}

// ColumnLineageFacet says what each column is computed from, and what decides
// which rows there are.
type ColumnLineageFacet struct {
	Facet
	Fields  map[string]FieldLineage `json:"fields"`
	Dataset []InputField            `json:"dataset,omitempty"`
}

// FieldLineage is what one column is computed from.
type FieldLineage struct {
	InputFields []InputField `json:"inputFields"`
}

// InputField is a column that is read, and the ways on which it comes in.
type InputField struct {
	Namespace       string           `json:"namespace"`
	Name            string           `json:"name"`
	Field           string           `json:"field"`
	Transformations []Transformation `json:"transformations"`
}

// Transformation is one way on which a column comes in. Masking is what nothing
// here is known to do.
type Transformation struct {
	Type    string `json:"type"` // DIRECT or INDIRECT
	Subtype string `json:"subtype"`
	Masking bool   `json:"masking"`
}

// InputFacets say more of a dataset as it is read.
type InputFacets struct {
	Assertions *AssertionsFacet `json:"dataQualityAssertions,omitempty"`
}

// AssertionsFacet are the outcomes of checks.
type AssertionsFacet struct {
	Facet
	Assertions []Assertion `json:"assertions"`
}

// Assertion is the outcome of one check.
type Assertion struct {
	Assertion   string `json:"assertion"`
	Success     bool   `json:"success"`
	Column      string `json:"column,omitempty"`
	Severity    string `json:"severity"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Expected    string `json:"expected,omitempty"`
	Actual      string `json:"actual,omitempty"`
	Content     string `json:"content,omitempty"`
	ContentType string `json:"contentType,omitempty"`
}

// OutputFacets say more of a dataset as it is made.
type OutputFacets struct {
	Statistics *OutputStatisticsFacet `json:"outputStatistics,omitempty"`
}

// OutputStatisticsFacet counts what was made.
type OutputStatisticsFacet struct {
	Facet
	RowCount int64 `json:"rowCount"`
}

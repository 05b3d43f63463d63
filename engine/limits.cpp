#include "engine/limits.hpp"

#include <millrace/sql/connection.hpp>

#include "engine/base/password.hpp"
#include "engine/catalog/answer_cache.hpp"
#include "engine/catalog/change_limits.hpp"
#include "engine/catalog/compiled_queries.hpp"
#include "engine/catalog/connection_pool.hpp"
#include "engine/catalog/database.hpp"
#include "engine/catalog/query_after.hpp"
#include "engine/catalog/query_limits.hpp"
#include "engine/catalog/related_cache.hpp"
#include "engine/catalog/rows_change.hpp"
#include "engine/engine.hpp"
#include "engine/graph/bind.hpp"
#include "engine/graph/fault_list.hpp"
#include "engine/graph/node_name.hpp"
#include "engine/graph/pipeline.hpp"
#include "engine/graph/resolver.hpp"
#include "engine/job/catalog_change.hpp"
#include "engine/job/inline_services.hpp"
#include "engine/job/job.hpp"
#include "engine/job/job_metrics.hpp"
#include "engine/job/kept_changes.hpp"
#include "engine/job/ready_jobs.hpp"
#include "engine/job/record_log.hpp"
#include "engine/job/run_contents.hpp"
#include "engine/job/staged_outputs.hpp"
#include "engine/plugin/connection_settings.hpp"
#include "engine/plugin/metric.hpp"
#include "engine/plugin/parameter_rules.hpp"
#include "engine/plugin/parameter_value.hpp"
#include "engine/run/run.hpp"
#include "engine/run/run_limits.hpp"
#include "engine/store/scratch.hpp"
#include "engine/store/uri_limits.hpp"
#include "engine/validated_pipelines.hpp"

namespace millrace {

namespace {

std::uint64_t seconds(std::chrono::milliseconds time) {
  return static_cast<std::uint64_t>(time.count()) / 1000;
}

}  // namespace

Limits engine_limits() {
  const EngineSettings settings;
  const DatabaseSettings& catalog = settings.catalog;
  return {
      {"catalog.answer_s", seconds(catalog.answer_timeout), "s",
       "for which a database server may keep silent; then 503 or 504"},
      {"catalog.answers_bytes", AnswerCache::kMostBytes, "bytes",
       "of counts and ids that are kept; the least recently used goes"},
      {"catalog.listed_ids", AnswerCache::kMostListed, "ids",
       "of rows with one of several members that are read to be cut with the others; of more the "
       "database does it"},
      {"catalog.related_bytes", RelatedCache::kMostBytes, "bytes",
       "of rows kept that belong to others; the least recently used goes"},
      {"catalog.queries", CompiledQueries::kMost, "queries",
       "that are kept compiled; the least recently used goes"},
      {"catalog.idle_connections", ConnectionPool::kMostIdle, "connections",
       "to the database that nobody reads with; the surplus closes"},
      {"catalog.statements", sql::kMostStatements, "statements",
       "that a connection keeps prepared; the least recently used goes"},
      {"catalog.page_rows", std::uint64_t{kMostPagedRows}, "rows",
       "of one page of very many; the next page has the others"},
      {"catalog.page_bytes", std::uint64_t{kMostPagedBytes}, "bytes",
       "of long texts in such a page; the next page has the others"},
      {"catalog.inserted_rows", RowsChange::kMostPending, "rows",
       "that one change inserts in pieces; more is 400"},
      {"catalog.conditions", kMostConditions, "conditions", "of one question; more is 400"},
      {"catalog.in_values", kMostInValues, "values", "of a condition that says in; more is 400"},
      {"catalog.rows", std::uint64_t{kMostRows}, "rows", "of one answer; more is 400"},
      {"catalog.changed_rows", kMostRowsAtOnce, "rows",
       "that one change inserts, updates or deletes; more is 400"},
      {"catalog.changed_rows_derived", kMostSingleRowsAtOnce, "rows",
       "of entities that other tables are made from, in one change; more is 400"},
      {"catalog.document_members", kMostMembers, "members",
       "of a document that can be asked for its members, such as metrics; more is 400"},
      {"catalog.document_name_characters", kLongestMember, "characters",
       "of a name in such a document; more is 400"},
      {"catalog.list_names", kMostNames, "names", "of a list that a change sets; more is 400"},
      {"catalog.queued_writes", catalog.max_queued_writes, "writes",
       "that wait for the database; more is 503"},
      {"catalog.queued_write_bytes", catalog.max_queued_write_bytes, "bytes",
       "of the writes that wait for the database; more is 503"},
      {"catalog.patience_s", seconds(catalog.patience), "s",
       "for which writes wait for a database that is away; then 503"},
      {"connection.names", kMostConnections, "connections",
       "to databases that are named, by the settings or a pipeline; more is 400"},
      {"connection.name_bytes", kMostConnectionNameBytes, "bytes",
       "of the name of a connection; more is 400"},
      {"connection.password_bytes", kMostPasswordBytesOfConnection, "bytes",
       "of its password; more is 400"},
      {"graph.nodes", PipelineRules{}.max_nodes, "nodes", "of a pipeline; more is 400"},
      {"graph.node_name_bytes", kMostNodeNameBytes, "bytes", "of a node's name; more is 400"},
      {"graph.parameter_bytes", Binding::kMostBytes, "bytes",
       "that the values of a pipeline's parameters take where they are used; more is 400"},
      {"graph.default_bytes", Resolver::kMostBytes, "bytes",
       "that the defaults of operators take in the nodes that have them; more is 400"},
      {"graph.unknown_places", kMostHoles, "places", "without a good value that are told apart"},
      {"graph.records", std::uint64_t{kMaxRecords}, "records",
       "that a node passes on where the pipeline does not say more; more fails the job"},
      {"graph.faults", FaultList::kMaxOfKind, "faults",
       "of one kind that are told one by one; the others are counted"},
      {"job.aborted", static_cast<std::uint64_t>(kMostAbortedJobs), "jobs",
       "that one change aborts; more is refused"},
      {"job.chain", std::uint64_t{kLongestChain}, "jobs",
       "of which each waits for the one before it; one more is 400"},
      {"job.chain_together", kMostInChain, "jobs",
       "of a chain that are submitted together, all or none; one more is 400"},
      {"job.changes", KeptChanges::kMostChanges, "changes",
       "of the catalog that a job keeps for its end; more fails it"},
      {"job.change_bytes", KeptChanges::kMostBytes, "bytes", "of these changes; more fails it"},
      {"job.crashes", std::uint64_t{kMaxCrashes}, "attempts",
       "that ended with their process; then the job fails"},
      {"job.delay_s", static_cast<std::uint64_t>(kLongestDelay.count()), "s",
       "for which a job waits behind the end of another; more is 400"},
      {"job.followers", std::uint64_t{kMostFollowers}, "jobs",
       "that wait for one; one more is 400"},
      {"job.log_bytes", RecordLog::kMostHeldBytes, "bytes",
       "of lines of a log that wait for their batch; more fails the job"},
      {"job.remembered_reads", StagedOutputs::kMaxReads, "addresses",
       "read, in whose place no output is put; of more the later ones are not known"},
      {"job.ready", ReadyJobs::kMostJobs, "jobs",
       "that wait and are known without their row; others are read"},
      {"job.open_contents", RunContents::kMostOpen, "contents",
       "that a job makes at a time; one more fails it"},
      {"job.scratch_files", Scratch::kMaxFiles, "files", "that a job keeps aside; more fails it"},
      {"job.contents", RunContents::kMost, "contents", "that a job makes; more fails it"},
      {"job.content_bytes", settings.store.max_content_bytes, "bytes",
       "of the contents of one attempt; more fails it", "--max-contents"},
      {"job.curves", JobMetrics::kMostCurves, "curves",
       "of metrics of a job; one more is refused to its node"},
      {"job.queue_name_bytes", kMostQueueNameBytes, "bytes", "of the name of a queue; more is 400"},
      {"job.prompt_jobs", static_cast<std::uint64_t>(settings.jobs.prompt_jobs), "jobs",
       "of the queue prompt that run at once, beside those of all others; others wait"},
      {"job.queued", settings.jobs.max_queued, "jobs", "that wait; more is 503", "--max-queued"},
      {"job.queue_jobs", static_cast<std::uint64_t>(settings.jobs.queue_jobs), "jobs",
       "of a queue without a limit of its own that run at once; others wait", "--queue-jobs"},
      {"job.scratch_bytes", settings.store.max_scratch_bytes, "bytes",
       "that a job keeps aside while it runs; more fails it", "--max-scratch"},
      {"job.inline_scratch_bytes", InlineServices::kScratchBytes, "bytes",
       "that a run keeps aside which is answered at once; more fails it"},
      {"job.metric_name_bytes", MetricPoint::kMaxNameBytes, "bytes",
       "of the name of a metric; more is refused to its node"},
      {"parameter.faults", ValueChecker::kMaxFaults, "faults",
       "of a node's parameters that are told one by one; the others are counted"},
      {"pipeline.remembered", ValidatedPipelines::kMost, "pipelines",
       "found valid that are not checked again; the least recently used goes"},
      {"parameter.alternatives", ParameterRule::kMostAlternatives, "declarations",
       "of a declaration's anyOf; more is 400"},
      {"parameter.choices", ParameterRule::kMostChoices, "values",
       "of a declaration's enum; more is 400"},
      {"password.bytes", kMaxPasswordBytes, "bytes", "of a password; more is 400"},
      {"password.hashes", std::uint64_t{kMostHashesAtOnce}, "passwords",
       "that are hashed at a time; others wait"},
      {"run.edge_bytes", RunOptions{}.edge_bytes, "bytes",
       "that wait between two nodes, but for one batch; then the first waits"},
      {"run.kept_bytes", kMostKeptBytes, "bytes",
       "of the rows that a run gives back; more fails it"},
      {"run.whole_bytes", kMostWholeBytes, "bytes",
       "of the rows that an operator wants at once; more fails the run"},
      {"store.fetch_bytes", settings.store.fetch.max_bytes, "bytes",
       "of what is read from an http address; more fails the job"},
      {"store.fetch_s", seconds(settings.store.fetch.total), "s",
       "in which it is read; then its node fails"},
      {"store.fetch_redirects", static_cast<std::uint64_t>(settings.store.fetch.max_redirects),
       "redirects", "that are followed; more fails its node"},
      {"store.address_bytes", kMostUriBytes, "bytes", "of an address; more is 400"},
      {"store.key_bytes", kMostKeyBytes, "bytes", "of the key in an address; more is 400"},
      {"store.segment_bytes", kMostSegmentBytes, "bytes",
       "of a key between two slashes; more is 400"}};
}

}  // namespace millrace

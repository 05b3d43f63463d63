// The table of limits, and where each is gone over: in the case that is named here, whose file is
// looked at.
#include "api/app/limits.hpp"

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "engine/base/json.hpp"
#include "tests/tools_millrace/program_fixture.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

struct Trial {
  std::string_view file;   // below tests/
  std::string_view title;  // of the case
};

constexpr std::string_view kCatalog = "engine_catalog/limits_test.cpp";
constexpr std::string_view kHttp = "api_http/limits_test.cpp";
constexpr std::string_view kBodies = "api_http/body_plan_test.cpp";

const std::map<std::string_view, Trial>& trials() {
  static const std::map<std::string_view, Trial> all{
      {"aggregate.columns",
       {"plugins_tables/aggregate_rows_test.cpp", "wrong parameters of an aggregate are faults"}},
      {"aggregate.groups",
       {"plugins_tables/aggregate_rows_test.cpp", "groups and their bytes are bounded"}},
      {"aggregate.state",
       {"plugins_tables/aggregate_rows_test.cpp", "groups and their bytes are bounded"}},
      {"clean.state_of_votes",
       {"plugins_preprocess/clean_votes_test.cpp",
        "a window that is larger than a state may be has none until it is given"}},
      {"join.table_bytes",
       {"plugins_preprocess/join_rows_test.cpp", "a table holds so many rows of one key"}},
      {"split.columns", {"plugins_tables/split_rows_test.cpp", "what is no list is refused"}},
      {"sql.fetched_tables",
       {"plugins_sql/fetch_test.cpp", "so many rows ask and no more, in all attempts of a job"}},
      {"atflow.body_bytes",
       {"api_atflow/errors_test.cpp", "a body over the limit is 400, and only for who has a key"}},
      {"atflow.json_values",
       {"api_atflow/errors_test.cpp", "a mix has half a million values at the most"}},
      {"atflow.nodes",
       {"engine_graph/mix_test.cpp", "more than a thousand nodes are too many for a mix"}},
      {"atflow.page_jobs", {"api_atflow/list_test.cpp", "E13: list and paging"}},
      {"atflow.remembered",
       {"api_atflow/authentication_test.cpp",
        "the replay guard refuses what it could not remember"}},
      {"audience.body_bytes",
       {"api_audience/acceptance_test.cpp", "a body over the limit is refused"}},
      {"audience.json_values",
       {"api_audience/acceptance_test.cpp", "a body has a million values at the most"}},
      {"catalog.answer_s",
       {"engine_catalog/silence_test.cpp",
        "a read that takes too long is told apart from a server that is silent"}},
      {"catalog.answers_bytes",
       {kCatalog, "answers are kept up to so many bytes, and the oldest goes"}},
      {"catalog.changed_rows",
       {"engine_catalog/rows_change_test.cpp",
        "conditions find no more rows than one transaction writes"}},
      {"catalog.changed_rows_derived",
       {"engine_catalog/rows_change_test.cpp",
        "a cascade takes no more rows than are written one by one"}},
      {"catalog.conditions", {kCatalog, "a question has a limit on its parts"}},
      {"catalog.document_members",
       {kCatalog, "a document and a list of names are counted before anything is written"}},
      {"catalog.document_name_characters",
       {kCatalog, "a document and a list of names are counted before anything is written"}},
      {"catalog.idle_connections",
       {kCatalog, "of connections that nobody reads with a number is kept"}},
      {"catalog.in_values", {kCatalog, "a question has a limit on its parts"}},
      {"catalog.inserted_rows",
       {kCatalog, "one change inserts no more rows than can be taken back"}},
      {"catalog.list_names",
       {kCatalog, "a document and a list of names are counted before anything is written"}},
      {"catalog.listed_ids",
       {"engine_catalog/known_rows_test.cpp",
        "of several lists that are too long none is read, and each asks once to find that out"}},
      {"catalog.page_bytes",
       {"engine_catalog/query_after_test.cpp", "a page is bounded in bytes, but for one row"}},
      {"catalog.page_rows", {kCatalog, "a page of very many rows has a number of them"}},
      {"catalog.patience_s",
       {"engine_catalog/outage_test.cpp",
        "writes fail with Unavailable when the server stays away, and work when it is back"}},
      {"catalog.queued_write_bytes",
       {"engine_catalog/catalog_test.cpp",
        "a queue of writes that hold too many bytes refuses more at once, but takes one large "
        "one"}},
      {"catalog.queued_writes",
       {"engine_catalog/catalog_test.cpp",
        "a full queue of writes refuses more at once and keeps what it has"}},
      {"catalog.queries",
       {"engine_catalog/compiled_queries_test.cpp", "more queries than are kept still compile"}},
      {"catalog.related_bytes",
       {"engine_catalog/related_cache_test.cpp",
        "rows that belong to others are kept up to so many bytes, and the oldest goes"}},
      {"catalog.rows", {kCatalog, "a question has a limit on its parts"}},
      {"catalog.statements",
       {"engine_catalog/database_test.cpp", "more statements than are kept prepared still work"}},
      {"connection.name_bytes",
       {"engine_plugin/connection_settings_test.cpp",
        "the name of a connection is short and plain"}},
      {"connection.names",
       {"engine_job/connections_test.cpp", "connections are replaced source by source, or stay"}},
      {"connection.password_bytes",
       {"engine_plugin/connection_settings_test.cpp",
        "the name of a connection is short and plain"}},
      {"count.groups",
       {"plugins_preprocess/count_distinct_test.cpp",
        "more groups than a count may have are an error"}},
      {"evaluate.labels",
       {"plugins_preprocess/evaluate_labels_test.cpp",
        "labels of rows are bounded, and their state is checked"}},
      {"evaluate.sets",
       {"plugins_preprocess/evaluate_labels_test.cpp",
        "rows of each set are evaluated by themselves"}},
      {"graph.default_bytes",
       {"engine_graph/bounds_test.cpp", "copies of defaults are bounded in bytes"}},
      {"graph.faults",
       {"engine_graph/read_test.cpp", "a thousand faults of one kind are counted, not listed"}},
      {"graph.node_name_bytes", {"engine_graph/bounds_test.cpp", "a name of a node has a limit"}},
      {"graph.nodes",
       {"engine_graph/read_test.cpp",
        "more nodes than the rules allow are refused before they are read"}},
      {"graph.parameter_bytes",
       {"engine_graph/bounds_test.cpp", "copies of values are bounded in bytes"}},
      {"graph.records",
       {"api_atflow/mix_test.cpp",
        "the limit of records holds at every node, not only at the target"}},
      {"graph.unknown_places",
       {"engine_graph/bounds_test.cpp",
        "of many places without a value a few are kept, and no fault is told that follows from "
        "one"}},
      {"http.body_bytes", {kHttp, "a body above the limit is refused before it is read"}},
      {"http.body_file_bytes", {kBodies, "files of bodies have a budget of their own"}},
      {"http.body_grace_s", {kBodies, "a body has a least rate, however often its bytes come"}},
      {"http.body_memory_bytes",
       {kBodies, "bodies that come share a budget, and one too many is asked to come again"}},
      {"http.body_pause_s", {kHttp, "a body without progress is refused after the body time-out"}},
      {"http.body_rate_bytes", {kBodies, "a body has a least rate, however often its bytes come"}},
      {"http.chunk_line_bytes",
       {"api_http/request_reader_test.cpp", "malformed chunks are refused"}},
      {"http.connections", {kHttp, "connections above the limit are closed at once"}},
      {"http.dropped_bytes",
       {kBodies,
        "a large body that nobody wants is answered at once, and nothing of it is parsed"}},
      {"http.event_bytes",
       {"api_http/message_test.cpp",
        "an event stream wakes once until it is read, and is cut when it overflows"}},
      {"http.form_name_bytes",
       {"api_http/multipart_test.cpp", "limits on parts, heads and names are kept"}},
      {"http.form_parts",
       {"api_http/multipart_test.cpp", "limits on parts, heads and names are kept"}},
      {"http.head_bytes", {kHttp, "too many header fields and too large heads are 431"}},
      {"http.head_s", {kHttp, "a head that trickles in is refused after the head time-out"}},
      {"http.header_fields", {kHttp, "too many header fields and too large heads are 431"}},
      {"http.idle_s", {kHttp, "an idle connection is closed without a word"}},
      {"job.aborted",
       {"engine_job/catalog_change_test.cpp",
        "a change aborts a thousand jobs at the most, and none of more"}},
      {"job.change_bytes",
       {"engine_job/kept_changes_test.cpp",
        "what is more than a job may keep is refused, and what is kept stays"}},
      {"job.chain",
       {"engine_job/followers_test.cpp", "a bounded number of jobs waits for one, and in a row"}},
      {"job.chain_together",
       {"engine_job/chain_test.cpp", "a chain that is not well made is refused as a whole"}},
      {"job.changes",
       {"engine_job/kept_changes_test.cpp", "a job keeps a limited number of changes"}},
      {"job.content_bytes",
       {"engine_job/run_contents_test.cpp", "a run makes no more contents than it may"}},
      {"job.contents",
       {"engine_job/run_contents_test.cpp", "a run makes no more contents than it may"}},
      {"job.crashes",
       {"engine_job/recovery_test.cpp",
        "a job that is running whenever the process dies is given up after a while"}},
      {"job.curves", {"engine_job/progress_test.cpp", "a job has a bounded number of curves"}},
      {"job.delay_s",
       {"engine_job/followers_test.cpp",
        "a job waits for one that is there, for a year at the most"}},
      {"job.followers",
       {"engine_job/followers_test.cpp", "a bounded number of jobs waits for one, and in a row"}},
      {"job.inline_scratch_bytes",
       {"engine_job/scratch_test.cpp",
        "a run that is answered at once has scratch in memory, within a bound"}},
      {"job.log_bytes",
       {"engine_job/record_log_test.cpp",
        "a log in which too much waits for one batch fails, and holds no more"}},
      {"job.metric_name_bytes",
       {"engine_job/progress_test.cpp",
        "the name of a metric is as long as it may be, and no longer"}},
      {"job.open_contents",
       {"engine_job/run_contents_test.cpp", "a run makes no more contents than it may"}},
      {"job.prompt_jobs",
       {"engine_job/dispatcher_test.cpp",
        "jobs that somebody waits for have slots of their own, and no more than those"}},
      {"job.queued",
       {"engine_job/queue_test.cpp",
        "a full queue and a bad name of one refuse a job, which then is nowhere"}},
      {"job.queue_jobs",
       {"engine_job/queue_test.cpp",
        "queues that nobody has set up are served, each by the limit of the others"}},
      {"job.queue_name_bytes",
       {"engine_job/job_test.cpp", "the name of a queue is any text that can be told from others"}},
      {"job.ready",
       {"engine_job/ready_jobs_test.cpp",
        "jobs without room are not kept, by number and by bytes"}},
      {"job.remembered_reads",
       {"engine_job/staged_outputs_test.cpp",
        "of what a run reads so much is remembered, and no more"}},
      {"job.scratch_bytes",
       {"engine_job/scratch_test.cpp",
        "scratch beyond the limit fails the job, with the name of the setting"}},
      {"job.scratch_files",
       {"engine_store/work_folder_test.cpp",
        "a run has a number of scratch files, on disk and in memory"}},
      {"learn.beginnings",
       {"plugins_learn/term_counter_test.cpp", "words have no more beginnings than a trie holds"}},
      {"learn.dictionary_bytes",
       {"plugins_learn/model_limits_test.cpp", "files over their limit are refused unread"}},
      {"learn.documents",
       {"plugins_learn/model_limits_test.cpp",
        "documents, their words and all words together are bounded"}},
      {"learn.entries",
       {"plugins_learn/model_limits_test.cpp",
        "documents, their words and all words together are bounded"}},
      {"learn.forest_bytes",
       {"plugins_learn/model_limits_test.cpp", "files over their limit are refused unread"}},
      {"learn.forest_classes",
       {"plugins_learn/model_limits_test.cpp",
        "a forest's file has no more of anything than it may"}},
      {"learn.forest_memory_bytes",
       {"plugins_learn/model_limits_test.cpp", "the trees of a forest share their memory"}},
      {"learn.forest_terms",
       {"plugins_learn/model_limits_test.cpp",
        "a forest's file has no more of anything than it may"}},
      {"learn.forest_trees",
       {"plugins_learn/model_limits_test.cpp",
        "a forest's file has no more of anything than it may"}},
      {"learn.labels",
       {"plugins_train/train_test.cpp", "a model learns a thousand labels at the most"}},
      {"learn.term_bytes",
       {"plugins_learn/model_limits_test.cpp",
        "a term has a length, and a file a number of weights"}},
      {"learn.term_file_bytes",
       {"plugins_learn/model_limits_test.cpp", "files over their limit are refused unread"}},
      {"learn.term_weights",
       {"plugins_learn/model_limits_test.cpp",
        "a term has a length, and a file a number of weights"}},
      {"learn.words",
       {"plugins_learn/model_limits_test.cpp",
        "documents, their words and all words together are bounded"}},
      {"maisie.compared",
       {"api_maisie/versions_test.cpp", "models stand side by side, and what differs is told"}},
      {"maisie.open_uploads",
       {"api_maisie/upload_test.cpp", "the number and the size of uploads are limited"}},
      {"maisie.page_rows",
       {"api_maisie/abuse_test.cpp", "a page has a limit, whatever is asked for"}},
      {"maisie.upload_bytes",
       {"api_maisie/upload_test.cpp", "the number and the size of uploads are limited"}},
      {"maisie.upload_metadata_bytes",
       {"api_maisie/upload_test.cpp", "a key of the metadata is given once"}},
      {"maisie.upload_s",
       {"api_maisie/upload_test.cpp", "an upload that nobody goes on with is removed"}},
      {"map.values",
       {"plugins_preprocess/value_map_test.cpp", "what is no range is refused with its text"}},
      {"parameter.alternatives",
       {"engine_plugin/parameters_test.cpp", "a value may be one of several"}},
      {"parameter.choices",
       {"engine_plugin/parameters_test.cpp", "an enum has a thousand values at the most"}},
      {"parameter.faults",
       {"engine_plugin/parameters_test.cpp", "a million wrong items do not make a million texts"}},
      {"password.bytes", {"engine_base/password_test.cpp", "more than 4096 bytes are no password"}},
      {"password.hashes", {"engine_base/password_test.cpp", "passwords are hashed two at a time"}},
      {"pipeline.remembered",
       {"engine/validated_pipelines_test.cpp",
        "the pipeline that was asked for longest ago goes first"}},
      {"request.awaited", {"api_route/awaited_test.cpp", "no more requests wait than may"}},
      {"request.awaited_s",
       {"api_route/awaited_test.cpp",
        "an answer that waits for too long is 504, and its job is stopped or goes on"}},
      {"request.database_s",
       {"api_audience/database_away_test.cpp",
        "a database that stands still slows nobody else, and the ninth request is refused"}},
      {"request.databases",
       {"api_route/request_time_test.cpp",
        "so many requests ask databases at a time, on threads of their own, and no more"}},
      {"request.json_levels",
       {"api_route/reading_test.cpp", "JSON of clients has limits of levels and names"}},
      {"request.json_name_bytes",
       {"api_route/reading_test.cpp", "JSON of clients has limits of levels and names"}},
      {"request.json_values",
       {"api_maisie/abuse_test.cpp",
        "a body of very many members is refused soon, whoever sends it"}},
      {"request.pipeline_bytes",
       {"api_engine/submit_test.cpp", "a bad name of a queue and an oversized body are refused"}},
      {"request.pipeline_values",
       {"api_engine/submit_test.cpp", "a pipeline has a million values at the most"}},
      {"request.shown_json_bytes",
       {"api_route/pydantic_test.cpp", "broken JSON is refused with Python's text and place"}},
      {"request.submissions",
       {"api_engine/submit_test.cpp", "an array holds 1 to 10,000 submissions"}},
      {"request.time_s",
       {"api_route/request_time_test.cpp",
        "a request that takes longer than it may is told so, and others are not"}},
      {"request.unfit",
       {"api_route/pydantic_test.cpp", "a list with very many faults tells a hundred of them"}},
      {"request.waiting",
       {"api_route/mount_test.cpp", "more requests than there is room for are refused at once"}},
      {"request.waiting_passwords",
       {"api_route/request_time_test.cpp",
        "requests that hash passwords queue for threads of their own, and not too many"}},
      {"request.waiting_readyz",
       {"api_engine/readiness_test.cpp",
        "so many requests wait to hear whether the server is ready, and one more is refused"}},
      {"run.edge_bytes",
       {"engine_run/run_test.cpp",
        "edges bounded to one parcel give the same rows and do not stall"}},
      {"run.kept_bytes",
       {"engine_run/memory_test.cpp", "rows that a run gives back are bounded in bytes"}},
      {"run.whole_bytes",
       {"engine_run/memory_test.cpp", "rows that an operator wants at once are bounded in bytes"}},
      {"sample.groups",
       {"plugins_preprocess/sample_by_label_test.cpp",
        "a sample is of a hundred thousand labels at the most"}},
      {"sample.sets",
       {"plugins_preprocess/sample_by_label_test.cpp", "shares and sets have bounds"}},
      {"sign_in.address_failures",
       {"api_auth/throttle_test.cpp",
        "fifty wrong passwords from one address make all its tries wait"}},
      {"sign_in.failures",
       {"api_auth/throttle_test.cpp",
        "five wrong passwords make the next tries wait, twice as long each time"}},
      {"sign_in.known_users",
       {"api_maisie/deleted_user_test.cpp",
        "with more users than are kept all are looked up again"}},
      {"sign_in.login_failures",
       {"api_auth/throttle_test.cpp", "whoever queues gets a turn, however many others ask"}},
      {"sign_in.remembered",
       {"api_auth/throttle_test.cpp", "of too many keys the least recently used is forgotten"}},
      {"sign_in.token_bytes",
       {"api_maisie/refusals_test.cpp",
        "a forged token opens nothing, over HTTP and in both modes"}},
      {"sql.state_of_output",
       {"plugins_sql/output_resume_test.cpp",
        "a window that is larger than a state may be has none until it is whole"}},
      {"sql.tables_written",
       {"plugins_sql/output_test.cpp", "a column names as many tables as one job may write"}},
      {"store.address_bytes",
       {"engine_store/uri_test.cpp",
        "an address has at most 8192 bytes and its message far fewer"}},
      {"store.fetch_bytes",
       {"engine_store/fetch_test.cpp",
        "a page larger than the limit is refused, with and without a stated length"}},
      {"store.fetch_redirects",
       {"engine_store/fetch_redirect_test.cpp", "redirects are followed to the limit"}},
      {"store.fetch_s",
       {"engine_store/fetch_test.cpp",
        "a server that stays silent costs no more than the total time"}},
      {"store.key_bytes",
       {"engine_store/uri_test.cpp", "keys that could leave the store or hide in it are refused"}},
      {"store.segment_bytes",
       {"engine_store/uri_test.cpp", "keys that could leave the store or hide in it are refused"}}};
  return all;
}

// The text of a test, without line breaks within texts of it.
std::string test_text(std::string_view file) {
  std::ifstream stream{std::string{MR_SOURCE_DIR} + "/tests/" + std::string{file},
                       std::ios::binary};
  std::stringstream text;
  text << stream.rdbuf();
  std::string joined;
  for (const char c : text.str()) {
    if (c == '\n' || (c == ' ' && (joined.empty() || joined.back() == '\n'))) {
      if (!joined.empty() && joined.back() != '\n') joined += '\n';
      continue;
    }
    joined += c;
  }
  for (auto gap = joined.find("\"\n\""); gap != std::string::npos; gap = joined.find("\"\n\""))
    joined.erase(gap, 3);
  return joined;
}

// The limits of the server and of the operators, as the program shows them.
Json shown_limits() {
  const ProgramFixture program;
  const auto json = parse_json(program.run({"limits", "--json"}).output);
  REQUIRE(json.ok());
  return (*json)["limits"];
}

}  // namespace

TEST_CASE("each limit has a name of its own, a value, a unit and words", "[tool][limits]") {
  std::set<std::string_view> names;
  for (const auto& limit : api::all_limits()) {
    CAPTURE(limit.name);
    CHECK(names.insert(limit.name).second);
    CHECK(limit.value > 0);
    CHECK_FALSE(limit.unit.empty());
    CHECK_FALSE(limit.doc.empty());
    CHECK(limit.name.find('.') != std::string_view::npos);
  }
}

TEST_CASE("each limit is gone over by a test that there is", "[tool][limits]") {
  std::set<std::string> names;
  for (const auto& limit : shown_limits()) {
    const auto& name = limit["name"].get_ref<const std::string&>();
    CAPTURE(name);
    names.insert(name);
    CHECK(trials().contains(name));
  }
  for (const auto& [name, trial] : trials()) {
    CAPTURE(name, trial.file, trial.title);
    CHECK(names.contains(std::string{name}));
    CHECK(test_text(trial.file).find('"' + std::string{trial.title} + '"') != std::string::npos);
  }
}

TEST_CASE("millrace limits prints the table, and each setting is an option of serve",
          "[tool][limits]") {
  const ProgramFixture program;
  const auto plain = program.run({"limits"});
  CHECK(plain.exit_code == 0);
  CHECK(plain.output.find("request.json_values  50,000 values") != std::string::npos);
  CHECK(plain.output.find("(--body-memory)") != std::string::npos);
  std::istringstream lines{plain.output};
  for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 80);
  const auto json = parse_json(program.run({"limits", "--json"}).output);
  REQUIRE(json.ok());
  const auto limits = api::all_limits();
  REQUIRE((*json)["limits"].size() > limits.size());  // there are those of operators, too
  std::vector<std::string> names;
  for (const Json& limit : (*json)["limits"]) names.push_back(limit["name"].get<std::string>());
  CHECK(std::is_sorted(names.begin(), names.end()));
  for (const auto& limit : limits)
    CHECK(std::find(names.begin(), names.end(), limit.name) != names.end());
  CHECK(plain.output.find("learn.labels  1,000 labels") != std::string::npos);
  const auto options = program.run({"serve", "--help"}).output + program.run({"--help"}).output;
  for (const auto& limit : limits) {
    CAPTURE(limit.name, limit.setting);
    CHECK(options.find(limit.setting) != std::string::npos);
  }
}

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
      {"atflow.body_bytes",
       {"api_atflow/errors_test.cpp", "a body over the limit is 400, and only for who has a key"}},
      {"atflow.json_values",
       {"engine_base/json_test.cpp", "values of JSON are limited, and the names of members count"}},
      {"atflow.nodes",
       {"engine_graph/mix_test.cpp", "more than a thousand nodes are too many for a mix"}},
      {"atflow.page_jobs", {"api_atflow/list_test.cpp", "E13: list and paging"}},
      {"catalog.answer_s",
       {"engine_catalog/silence_test.cpp",
        "a read that takes too long is told apart from a server that is silent"}},
      {"catalog.conditions", {kCatalog, "a question has a limit on its parts"}},
      {"catalog.in_values", {kCatalog, "a question has a limit on its parts"}},
      {"catalog.rows", {kCatalog, "a question has a limit on its parts"}},
      {"catalog.changed_rows",
       {"engine_catalog/rows_change_test.cpp",
        "conditions find no more rows than one transaction writes"}},
      {"catalog.changed_rows_derived",
       {"engine_catalog/rows_change_test.cpp",
        "a cascade takes no more rows than are written one by one"}},
      {"catalog.document_members",
       {kCatalog, "a document and a list of names are counted before anything is written"}},
      {"catalog.document_name_characters",
       {kCatalog, "a document and a list of names are counted before anything is written"}},
      {"catalog.list_names",
       {kCatalog, "a document and a list of names are counted before anything is written"}},
      {"catalog.queued_writes",
       {"engine_catalog/catalog_test.cpp",
        "a full queue of writes refuses more at once and keeps what it has"}},
      {"catalog.queued_write_bytes",
       {"engine_catalog/catalog_test.cpp",
        "a queue of writes that hold too many bytes refuses more at once, but takes one large "
        "one"}},
      {"catalog.patience_s",
       {"engine_catalog/outage_test.cpp",
        "writes fail with Unavailable when the server stays away, and work when it is back"}},
      {"graph.nodes",
       {"engine_graph/read_test.cpp",
        "more nodes than the rules allow are refused before they are read"}},
      {"graph.node_name_bytes", {"engine_graph/bounds_test.cpp", "a name of a node has a limit"}},
      {"graph.parameter_bytes",
       {"engine_graph/bounds_test.cpp", "copies of values are bounded in bytes"}},
      {"graph.default_bytes",
       {"engine_graph/bounds_test.cpp", "copies of defaults are bounded in bytes"}},
      {"graph.faults",
       {"engine_graph/read_test.cpp", "a thousand faults of one kind are counted, not listed"}},
      {"http.head_bytes", {kHttp, "too many header fields and too large heads are 431"}},
      {"http.header_fields", {kHttp, "too many header fields and too large heads are 431"}},
      {"http.head_s", {kHttp, "a head that trickles in is refused after the head time-out"}},
      {"http.body_bytes", {kHttp, "a body above the limit is refused before it is read"}},
      {"http.body_pause_s", {kHttp, "a body without progress is refused after the body time-out"}},
      {"http.body_memory_bytes",
       {kBodies, "bodies that come share a budget, and one too many is asked to come again"}},
      {"http.body_file_bytes", {kBodies, "files of bodies have a budget of their own"}},
      {"http.connections", {kHttp, "connections above the limit are closed at once"}},
      {"http.idle_s", {kHttp, "an idle connection is closed without a word"}},
      {"http.form_parts",
       {"api_http/multipart_test.cpp", "limits on parts, heads and names are kept"}},
      {"http.form_name_bytes",
       {"api_http/multipart_test.cpp", "limits on parts, heads and names are kept"}},
      {"job.changes",
       {"engine_job/kept_changes_test.cpp", "a job keeps a limited number of changes"}},
      {"job.change_bytes",
       {"engine_job/kept_changes_test.cpp",
        "what is more than a job may keep is refused, and what is kept stays"}},
      {"job.contents",
       {"engine_job/run_contents_test.cpp", "a run makes no more contents than it may"}},
      {"job.content_bytes",
       {"engine_job/run_contents_test.cpp", "a run makes no more contents than it may"}},
      {"job.curves", {"engine_job/progress_test.cpp", "a job has a bounded number of curves"}},
      {"job.queued",
       {"engine_job/queue_test.cpp",
        "a full queue and an unknown one refuse a job, which then is nowhere"}},
      {"job.scratch_bytes",
       {"engine_job/scratch_test.cpp",
        "scratch beyond the limit fails the job, with the name of the setting"}},
      {"job.inline_scratch_bytes",
       {"engine_job/scratch_test.cpp",
        "a run that is answered at once has scratch in memory, within a bound"}},
      {"maisie.compared",
       {"api_maisie/versions_test.cpp", "models stand side by side, and what differs is told"}},
      {"maisie.page_rows",
       {"api_maisie/abuse_test.cpp", "a page has a limit, whatever is asked for"}},
      {"maisie.upload_bytes",
       {"api_maisie/upload_test.cpp", "the number and the size of uploads are limited"}},
      {"maisie.open_uploads",
       {"api_maisie/upload_test.cpp", "the number and the size of uploads are limited"}},
      {"maisie.upload_metadata_bytes",
       {"api_maisie/upload_test.cpp", "a key of the metadata is given once"}},
      {"maisie.upload_s",
       {"api_maisie/upload_test.cpp", "an upload that nobody goes on with is removed"}},
      {"parameter.choices",
       {"engine_plugin/parameters_test.cpp", "an enum has a thousand values at the most"}},
      {"password.bytes", {"engine_base/password_test.cpp", "more than 4096 bytes are no password"}},
      {"password.hashes", {"engine_base/password_test.cpp", "passwords are hashed two at a time"}},
      {"request.json_levels", {"engine_base/json_test.cpp", "depth and size of JSON are limited"}},
      {"request.json_name_bytes",
       {"engine_base/json_test.cpp", "values of JSON are limited, and the names of members count"}},
      {"request.json_values",
       {"api_maisie/abuse_test.cpp",
        "a body of very many members is refused soon, whoever sends it"}},
      {"request.time_s",
       {"api_route/request_time_test.cpp",
        "a request that takes longer than it may is told so, and others are not"}},
      {"request.waiting",
       {"api_route/mount_test.cpp", "more requests than there is room for are refused at once"}},
      {"request.waiting_passwords",
       {"api_route/request_time_test.cpp",
        "requests that hash passwords queue for threads of their own, and not too many"}},
      {"request.pipeline_bytes",
       {"api_engine/submit_test.cpp", "an unknown queue and an oversized body are refused"}},
      {"request.pipeline_values",
       {"engine_base/json_test.cpp", "values of JSON are limited, and the names of members count"}},
      {"request.submissions",
       {"api_engine/submit_test.cpp", "an array holds 1 to 10,000 submissions"}},
      {"sign_in.token_bytes",
       {"api_maisie/refusals_test.cpp",
        "a forged token opens nothing, over HTTP and in both modes"}},
      {"sign_in.failures",
       {"api_auth/throttle_test.cpp",
        "five wrong passwords make the next tries wait, twice as long each time"}},
      {"sign_in.address_failures",
       {"api_auth/throttle_test.cpp",
        "fifty wrong passwords from one address make all its tries wait"}},
      {"sign_in.login_failures",
       {"api_auth/throttle_test.cpp", "whoever queues gets a turn, however many others ask"}},
      {"sign_in.remembered",
       {"api_auth/throttle_test.cpp", "of too many keys the least recently used is forgotten"}},
      {"store.address_bytes",
       {"engine_store/uri_test.cpp",
        "an address has at most 8192 bytes and its message far fewer"}},
      {"store.key_bytes",
       {"engine_store/uri_test.cpp", "keys that could leave the store or hide in it are refused"}},
      {"store.segment_bytes",
       {"engine_store/uri_test.cpp", "keys that could leave the store or hide in it are refused"}}};
  return all;
}

// Not gone over: what takes too much of a machine that tests share.
const std::set<std::string_view> kUntried{"run.kept_bytes", "run.whole_bytes",  // 256 MiB of rows
                                          "atflow.remembered"};  // 100,000 signatures

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
  std::set<std::string_view> names;
  for (const auto& limit : api::all_limits()) {
    CAPTURE(limit.name);
    names.insert(limit.name);
    CHECK(trials().contains(limit.name) != kUntried.contains(limit.name));
  }
  for (const auto& [name, trial] : trials()) {
    CAPTURE(name, trial.file, trial.title);
    CHECK(names.contains(name));
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
  const auto json = parse_json(program.run({"limits", "--json"}).output);
  REQUIRE(json.ok());
  const auto limits = api::all_limits();
  REQUIRE((*json)["limits"].size() == limits.size());
  CHECK((*json)["limits"][0]["name"] == limits[0].name);
  const auto options = program.run({"serve", "--help"}).output + program.run({"--help"}).output;
  for (const auto& limit : limits) {
    CAPTURE(limit.name, limit.setting);
    CHECK(options.find(limit.setting) != std::string::npos);
  }
}

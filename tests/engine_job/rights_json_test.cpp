#include "engine/job/rights_json.hpp"

#include <catch2/catch.hpp>

using namespace millrace;

TEST_CASE("rights are read as they were written", "[job][rights]") {
  StoreRights rights;
  rights.roots = {"/data/in", "/data/out"};
  rights.roots.emplace_back("/a \"quoted\" name");
  rights.grants = {"z0/in", "z0/*"};
  rights.objects_only = true;
  const auto read = read_rights(Json::parse(to_text(rights)));
  CHECK(read.any_file == rights.any_file);
  CHECK(read.roots == rights.roots);
  CHECK(read.grants == rights.grants);
  CHECK_FALSE(read.blobs);
  CHECK(read == rights);
  StoreRights shell;
  shell.any_file = true;
  shell.blobs = true;
  shell.databases = true;
  CHECK(read_rights(Json::parse(to_text(shell))).any_file);
  CHECK(read_rights(Json::parse(to_text(shell))).blobs);
  CHECK_FALSE(read_rights(Json::parse(to_text(shell))).objects_only);
  CHECK(read_rights(Json::parse(to_text(shell))).databases);
  CHECK(read_rights(Json::parse(to_text(shell)))
            .grants.empty());  // which opens all buckets, as it did
}

TEST_CASE("rights that cannot be read open nothing", "[job][rights]") {
  for (const char* text :
       {"null", "[]", "{}", R"({"grants": 7, "any_file": "yes", "roots": "/", "blobs": 1,
           "databases": "true"})"}) {
    INFO(text);
    const auto read = read_rights(Json::parse(text));
    CHECK_FALSE(read.any_file);
    CHECK_FALSE(read.blobs);
    CHECK_FALSE(read.databases);
    CHECK(read.roots.empty());
    CHECK_FALSE(read.grants.empty());
  }
}

TEST_CASE("the rules of validation are read as they were written", "[job][rights]") {
  PipelineRules rules;
  rules.strict_mix = true;
  rules.relaxed_roles = false;
  rules.max_nodes = 1000;
  rules.check_sources = true;
  const auto read = read_rules(Json::parse(to_text(rules)));
  CHECK(read.strict_mix);
  CHECK_FALSE(read.relaxed_roles);
  CHECK(read.max_nodes == 1000);
  CHECK_FALSE(read.check_sources);
  CHECK_FALSE(read_rules(Json{}).strict_mix);
}

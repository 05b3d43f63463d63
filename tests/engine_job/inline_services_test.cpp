#include "engine/job/inline_services.hpp"

#include <catch2/catch.hpp>

#include "job_place.hpp"

using namespace millrace;
using test::JobPlace;
using test::must;

TEST_CASE("services of the inline lane use store and catalog under the asker's rights",
          "[job][inline]") {
  JobPlace place;
  place.open(false);
  JobRequest request;
  request.pipeline = place.pipeline({{"batches", 1}});
  request.owner = "me";
  place.submit(request);
  request.owner = "you";
  place.submit(request);
  StoreRights rights;
  rights.grants = {"z0/out"};
  InlineServices services{
      {place.store(), place.catalog(), place.service()}, rights, {.owner = "me"}};
  CHECK(must(services.catalog_query(Json{{"entity", "jobs"}})).rows() == 1);
  CHECK(services.put("qiniu:///z0/out/a", "bytes").ok());
  CHECK(services.put("qiniu:///z0/in/a", "bytes").error().code == Code::PermissionDenied);
  CHECK(services.check_uri("http://example.com/x", true).error().code == Code::InvalidArgument);
  CHECK(must(services.stat("qiniu:///z0/out/a")).size_bytes == 5);
  CHECK(services.open("file:///etc/passwd").error().code == Code::PermissionDenied);
  std::vector<std::string> listed;
  must(services.list("qiniu:///z0/out",
                     [&listed](const ListedObject& object) { listed.emplace_back(object.uri); }));
  CHECK(listed == std::vector<std::string>{"qiniu:///z0/out/a"});
  services.count("n", "written", 2);
  services.count("n", "written", 3);
  CHECK(services.counts() == std::map<std::string, std::int64_t>{{"written", 5}});
  CHECK(services.set_result("a", "1").ok());
  CHECK(services.set_result("a", "[2]").ok());
  CHECK_FALSE(services.set_result("b", "no json").ok());
  CHECK(services.result() == Json{{"a", {2}}});
}

TEST_CASE("staged outputs of an inline run appear when it is published and vanish when not",
          "[job][inline]") {
  JobPlace place;
  place.open(false);
  const auto write = [&place](bool publish, const std::string& name) {
    InlineServices services{{place.store(), place.catalog(), place.service()}, {}, {}};
    ObjectWriter* writer = must(services.stage(place.uri(name)));
    must(writer->write("whole"));
    CHECK_FALSE(place.read(name).has_value());
    CHECK(services.stage(place.uri(name)).error().code == Code::Conflict);
    if (publish) must(services.publish());
  };
  write(true, "kept");
  write(false, "dropped");
  CHECK(place.read("kept") == "whole");
  CHECK_FALSE(place.read("dropped").has_value());
  CHECK(place.partials().empty());
}

#include "api/http/conditions.hpp"

#include <catch2/catch.hpp>

using namespace millrace::http;

namespace {

const std::string kTag = "\"abc\"";
const std::string kDate = "Sun, 06 Nov 1994 08:49:37 GMT";
const std::string kEarlier = "Sun, 06 Nov 1994 08:49:36 GMT";
const std::string kLater = "Mon, 07 Nov 1994 08:49:37 GMT";

using Fields = std::vector<std::pair<std::string, std::string>>;

Condition check(const Fields& fields, Method method = Method::Get,
                const Fields& answer = {{"ETag", kTag}, {"Last-Modified", kDate}}) {
  Request request;
  request.method = method;
  for (const auto& [name, value] : fields) request.headers.add(name, value);
  Response response;
  response.headers = answer;
  return check_conditions(request, response);
}

}  // namespace

TEST_CASE("a tag that the client has is not sent again", "[http][conditions]") {
  CHECK(check({}) == Condition::Met);
  for (const char* list : {"\"abc\"", "W/\"abc\"", "*", "\"x\", \"abc\"", "\"x\" ,W/\"abc\",\"y\"",
                           "\"a,b\",\"abc\""}) {
    INFO(list);
    CHECK(check({{"If-None-Match", list}}) == Condition::NotModified);
    CHECK(check({{"if-none-match", list}}, Method::Head) == Condition::NotModified);
    CHECK(check({{"If-None-Match", list}}, Method::Put) == Condition::Failed);
  }
  for (const char* list : {"\"x\"", "abc", "\"abc", "", "\"ABC\"", "\"x,abc\""}) {
    INFO(list);
    CHECK(check({{"If-None-Match", list}}) == Condition::Met);
  }
  CHECK(check({{"If-None-Match", "\"x\""}, {"If-None-Match", kTag}}) == Condition::NotModified);
}

TEST_CASE("who means another version is refused", "[http][conditions]") {
  CHECK(check({{"If-Match", kTag}}) == Condition::Met);
  CHECK(check({{"If-Match", "*"}}) == Condition::Met);
  CHECK(check({{"If-Match", "\"x\", \"abc\""}}) == Condition::Met);
  CHECK(check({{"If-Match", "\"x\""}}) == Condition::Failed);
  CHECK(check({{"If-Match", "W/\"abc\""}}) == Condition::Failed);  // compared strongly
  CHECK(check({{"If-Match", kTag}}, Method::Get, {{"ETag", "W/\"abc\""}}) == Condition::Failed);
  CHECK(check({{"If-Unmodified-Since", kDate}}) == Condition::Met);
  CHECK(check({{"If-Unmodified-Since", kEarlier}}) == Condition::Failed);
}

TEST_CASE("dates are compared to the second, in each form that there is", "[http][conditions]") {
  for (const char* date : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 1994"}) {
    INFO(date);
    CHECK(check({{"If-Modified-Since", date}}) == Condition::NotModified);
  }
  CHECK(check({{"If-Modified-Since", kLater}}) == Condition::NotModified);
  CHECK(check({{"If-Modified-Since", kEarlier}}) == Condition::Met);
  CHECK(check({{"If-Modified-Since", kDate}}, Method::Post) == Condition::Met);
  for (const char* date : {"yesterday", "1994-11-06T08:49:37Z", "", "0"}) {
    CHECK(check({{"If-Modified-Since", date}}) == Condition::Met);
    CHECK(check({{"If-Unmodified-Since", date}}) == Condition::Met);
  }
  CHECK(check({{"If-Modified-Since", kDate}}, Method::Get, {{"ETag", kTag}}) == Condition::Met);
  CHECK(check({{"If-Unmodified-Since", kEarlier}}, Method::Get, {{"ETag", kTag}}) ==
        Condition::Met);
}

TEST_CASE("tags go before dates, and what refuses before what spares", "[http][conditions]") {
  CHECK(check({{"If-None-Match", "\"x\""}, {"If-Modified-Since", kLater}}) == Condition::Met);
  CHECK(check({{"If-None-Match", kTag}, {"If-Modified-Since", kEarlier}}) ==
        Condition::NotModified);
  CHECK(check({{"If-Match", kTag}, {"If-Unmodified-Since", kEarlier}}) == Condition::Met);
  CHECK(check({{"If-Match", "\"x\""}, {"If-None-Match", kTag}}) == Condition::Failed);
  CHECK(check({{"If-Match", kTag}, {"If-None-Match", kTag}}) == Condition::NotModified);
}

TEST_CASE("conditions are about what is there", "[http][conditions]") {
  Request request;
  request.headers.add("If-Match", "\"x\"");
  Response response;
  response.status = 404;
  CHECK(check_conditions(request, response) == Condition::Met);
}

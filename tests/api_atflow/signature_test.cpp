#include <catch2/catch.hpp>

#include "api/auth/qiniu_signature.hpp"

using namespace millrace;

namespace {

struct Signed {
  http::Method method;
  const char* target;
  std::vector<std::pair<const char*, const char*>> headers;
  const char* body;
  const char* signature;
};

std::string sign(const Signed& example, const char* secret, const char* host) {
  http::Request request;
  request.method = example.method;
  request.target = example.target;
  for (const auto& [name, value] : example.headers) request.headers.add(name, value);
  request.body = example.body;
  return auth::sign(secret, auth::string_to_sign(request, host));
}

}  // namespace

TEST_CASE("the worked vectors of the signature", "[atflow][auth]") {
  using http::Method;
  const std::vector<Signed> vectors{
      {Method::Get, "/v1/dataflows?limit=2", {}, "", "V3LB5WT1sT5FqYCEZITcJfNocms="},
      {Method::Post,
       "/v1/dataflows/6639b0f0c1a2b3d4e5f60718/abort",
       {},
       "",
       "EnrbSIwiw0zDX_yzu9RDLzH6t3I="},
      {Method::Post,
       "/v1/dataflows/download",
       {{"Content-Type", "application/json"}},
       R"({"sourceFile":"qiniu:///z0/in/src.jsonlist","prefix":"qiniu:///z0/out/dl"})",
       "BqgwNz_Ob0AKRWt8tRnaj0PIo7Q="},
      {Method::Post,
       "/v1/dataflows/import",
       {{"content-type", "application/json"},
        {"x-qiniu-date", "20260801T120000Z"},
        {"X-QINIU-BBB", "BBB"},
        {"X-Qiniu-Aaa", " AAA "},
        {"X-Qiniu-Aaa", "second"}},
       R"({"sourceFile":"qiniu:///z0/in/src.jsonlist"})",
       "gIsArdwHHFtCbhEXVi3hagQT8GQ="},
      {Method::Post,
       "/v1/dataflows/mix",
       {{"Content-Type", "application/octet-stream"}},
       R"({"ops":[]})",
       "EK0NZ36NZ3kl6nn6s847BYDUuc4="},
      {Method::Get,
       "/v1/dataflows/6639b0f0c1a2b3d4e5f60718",
       {{"Content-Type", "application/x-www-form-urlencoded"}},
       "",
       "5tm54SmxsVZgLG1hZpAPs9r5f6A="},
      {Method::Post,
       "/v1/dataflows/import",
       {{"Content-Type", "application/json"}},
       R"({"sourceFile":"qiniu:///z0/in/人脸.jsonlist"})",
       "1CBaxbDlBWbwZaZYQonpYvab7tk="},
  };
  for (const Signed& vector : vectors)
    CHECK(sign(vector, "sk-test", "127.0.0.1:8080") == vector.signature);
}

TEST_CASE("the public vectors of the clients", "[atflow][auth]") {
  using http::Method;
  CHECK(auth::sign("sk", "hello") == "NDN8cM0rwosxhHJ6QAcI7ialr0g=");
  CHECK(sign({Method::Post, "", {{"Content-Type", "application/json"}}, R"({"name": "test"})", ""},
             "sk", "") == "0ujEjW_vLRZxebsveBgqa3JyQ-w=");
  CHECK(sign({Method::Get,
              "/mkfile/sdf.jpg?s=er3&df",
              {{"Content-Type", "application/x-www-form-urlencoded"},
               {"X-Qiniu-Bbb", "BBB"},
               {"X-Qiniu-Aaa", "DDD"}},
              "name=test&language=go",
              ""},
             "sk", "upload.qiniup.com") == "PUFPWsEUIpk_dzUvvxTTmwhp3p4=");
}

TEST_CASE("credentials of another form are not taken", "[atflow][auth]") {
  for (const char* header : {"", "Qiniu", "Qiniu ", "Qiniu a", "Qiniu :b", "Qiniu a:", "qiniu a:b",
                             "Qiniu  a:b", "Qiniu a:b c", "Bearer a:b", "Basic YTpi"}) {
    CHECK(!auth::read_credential(header));
  }
  const auto credential = auth::read_credential("Qiniu key:sign=");
  REQUIRE(credential);
  CHECK(credential->access_key == "key");
  CHECK(credential->signature == "sign=");
  CHECK(!credential->is_qbox);
  CHECK(auth::read_credential("QBox key:sign=")->is_qbox);
}

TEST_CASE("signatures of different length or bytes are not equal", "[atflow][auth]") {
  CHECK(auth::equal_signatures("abc", "abc"));
  CHECK(!auth::equal_signatures("abc", "abd"));
  CHECK(!auth::equal_signatures("abc", "abcd"));
  CHECK(!auth::equal_signatures("", "a"));
}

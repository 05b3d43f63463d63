#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "api/route/request_schema.hpp"

#include <fmt/format.h>

namespace millrace::test {

inline api::RequestSchema schema(std::string_view text) {
  auto read = api::RequestSchema::read(text);
  if (!read.ok()) FAIL(read.error().message);
  return *std::move(read);
}

/// What became of the parameters of a request.
struct ReadParameters {
  Json values = Json::object();       // those that there are, by name
  std::vector<std::string> faults{};  // "query/limit parameter_range"
  std::vector<std::string> texts{};   // of the faults
  std::string code{};                 // of the refusal
};

inline ReadParameters read(const api::RequestSchema& schema, const http::Request& request,
                           const api::Reading& reading = {}) {
  ReadParameters made;
  auto values = schema.values(request, reading);
  if (!values.ok()) {
    made.code = values.error().code;
    for (const auto& fault : values.error().faults) {
      made.faults.push_back(std::string{to_string(fault.place)} + fault.path + " " + fault.code);
      made.texts.push_back(fault.text);
    }
    return made;
  }
  std::vector<std::string> names{"body"};
  for (const auto* place : {"path", "query", "header", "fields"})
    if (const auto declared = schema.document().find(place); declared != schema.document().end())
      for (const auto& [name, declaration] : declared->items()) names.push_back(name);
  for (const auto& name : names)
    if (const Json* value = values->find(name)) made.values[name] = *value;
  return made;
}

inline ReadParameters read(std::string_view declared, const http::Request& request,
                           const api::Reading& reading = {}) {
  return read(schema(declared), request, reading);
}

inline http::Request with_body(std::string type, std::string body) {
  http::Request request;
  request.headers.add("Content-Type", std::move(type));
  request.body = std::move(body);
  return request;
}

inline http::Request json_body(std::string body) {
  return with_body("application/json", std::move(body));
}

inline http::Request form_body(std::string body) {
  return with_body("application/x-www-form-urlencoded", std::move(body));
}

/// A field of a form, for multipart().
inline std::string part(std::string_view name, std::string_view value) {
  return fmt::format("--b\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n", name,
                     value);
}

inline http::Request multipart(const std::string& parts) {
  return with_body("multipart/form-data; boundary=b", parts + "--b--\r\n");
}

}  // namespace millrace::test

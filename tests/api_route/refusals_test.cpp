#include "api/route/refusals.hpp"

#include <catch2/catch.hpp>

using namespace millrace;
using api::refusal;
using api::server_refusal;
using api::status_of;

TEST_CASE("a refusal's code decides the status, else its error", "[route][refusals]") {
  CHECK(status_of({.error = {Code::InvalidArgument, ""}}) == 400);
  CHECK(status_of({.error = {Code::Unauthenticated, ""}}) == 401);
  CHECK(status_of({.error = {Code::PermissionDenied, ""}}) == 403);
  CHECK(status_of({.error = {Code::NotFound, ""}}) == 404);
  CHECK(status_of({.error = {Code::Conflict, ""}}) == 409);
  CHECK(status_of({.error = {Code::DataInvalid, ""}}) == 422);
  CHECK(status_of({.error = {Code::Internal, ""}}) == 500);
  CHECK(status_of({.error = {Code::Unavailable, ""}}) == 503);
  CHECK(status_of({.error = {Code::DeadlineExceeded, ""}}) == 504);
  CHECK(status_of(refusal(Code::NotFound, "method", "")) == 405);
  CHECK(status_of(refusal(Code::DataInvalid, "json", "")) == 400);
  CHECK(status_of(refusal(Code::NotFound, "a code of a dialect", "")) == 404);
}

TEST_CASE("what the HTTP server refuses keeps its status through the refusal",
          "[route][refusals]") {
  for (const int status : {400, 408, 409, 413, 416, 417, 431, 500, 501, 503, 505, 507}) {
    const auto made = server_refusal(status, "why");
    CHECK(status_of(made) == status);
    CHECK(made.error.message == "why");
  }
  CHECK(server_refusal(413, "").code == "body_size");
  CHECK(server_refusal(400, "").code == "malformed");
  CHECK(server_refusal(507, "").error.code == Code::Exhausted);
}

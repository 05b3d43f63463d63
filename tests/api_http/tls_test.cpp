#include <cstdio>
#include <filesystem>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "tests/api_http/client.hpp"
#include "tests/api_http/recording_sink.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

template <class T, void (*Free)(T*)>
using Owned = std::unique_ptr<T, decltype([](T* pointer) { Free(pointer); })>;

/// A folder with a fresh self-signed certificate and its key.
class Certificate {
 public:
  Certificate() {
    std::string pattern = (std::filesystem::temp_directory_path() / "millrace-tls-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    const Owned<EVP_PKEY, EVP_PKEY_free> key{EVP_EC_gen("P-256")};
    const Owned<X509, X509_free> certificate{X509_new()};
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    save("cert.pem", [&](FILE* file) { PEM_write_X509(file, certificate.get()); });
    save("key.pem", [&](FILE* file) {
      PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }
  ~Certificate() { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string file(std::string_view name) const { return (folder_ / name).string(); }

 private:
  template <class Write>
  void save(std::string_view name, Write write) {
    FILE* file = std::fopen((folder_ / name).c_str(), "w");
    write(file);
    std::fclose(file);
  }
  std::filesystem::path folder_;
};

std::unique_ptr<http::TlsSettings> settings(std::string certificate, std::string key) {
  return std::make_unique<http::TlsSettings>(
      http::TlsSettings{std::move(certificate), std::move(key)});
}

http::Site echo_site() {
  return {.handler =
              [](const std::shared_ptr<http::Request>& request, const http::Reply& reply) {
                auto response = echo(*request);
                response.headers.emplace_back("X-Base", request->base_url());
                if (request->upload)
                  response.body = static_cast<const RecordingSink&>(*request->upload).body;
                if (request->path == "/large") response.body = std::string(3'000'000, 'x');
                reply(std::move(response));
              },
          .plan_body =
              [](const http::Request& head) {
                static SinkRecord record;
                if (head.path != "/up") return http::BodyPlan::keep(http::kBodyBytes);
                return http::BodyPlan::give(std::make_unique<RecordingSink>(record), 64u << 20);
              }};
}

}  // namespace

TEST_CASE("TLS 1.2 and 1.3 are spoken, older ones are not", "[http][tls]") {
  const Certificate certificate;
  http::Server server;
  const auto port = server.listen(
      {.port = 0, .tls = settings(certificate.file("cert.pem"), certificate.file("key.pem"))},
      echo_site());
  REQUIRE(port.ok());
  server.start();

  const Owned<SSL_CTX, SSL_CTX_free> context{SSL_CTX_new(TLS_client_method())};
  const auto connect = [&](Client& client, int version) {
    Owned<SSL, SSL_free> ssl{SSL_new(context.get())};
    SSL_set_min_proto_version(ssl.get(), version);
    SSL_set_max_proto_version(ssl.get(), version);
    SSL_set_security_level(ssl.get(), 0);
    SSL_set_fd(ssl.get(), client.descriptor());
    return SSL_connect(ssl.get()) == 1 ? std::move(ssl) : nullptr;
  };
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Client client{*port};
    const auto ssl = connect(client, version);
    REQUIRE(ssl);
    const auto exchange = [&](const std::string& request, std::string_view end) {
      SSL_write(ssl.get(), request.data(), static_cast<int>(request.size()));
      std::string text;
      char buffer[16384];
      while (text.find(end) == std::string::npos) {
        const int size = SSL_read(ssl.get(), buffer, sizeof buffer);
        if (size <= 0) break;
        text.append(buffer, static_cast<std::size_t>(size));
      }
      return text;
    };
    CHECK(exchange(get("/one"), "GET /one ").find("X-Base: https://localhost") !=
          std::string::npos);
    CHECK(exchange(get("/large"), std::string(3'000'000, 'x')).size() > 3'000'000);
    const auto body = sample(1'000'000);
    CHECK(exchange(post_head("/up", body.size()) + body, body).size() > body.size());
    CHECK(exchange(get("/two", "Connection: close\r\n"), "GET /two ").find("200 OK") !=
          std::string::npos);
    char byte;
    CHECK(SSL_read(ssl.get(), &byte, 1) == 0);
    CHECK(SSL_get_shutdown(ssl.get()) == SSL_RECEIVED_SHUTDOWN);
  }
  Client old{*port};
  CHECK_FALSE(connect(old, TLS1_1_VERSION));
  Client plain{*port};
  plain.send(get("/"));
  CHECK_THROWS(plain.read_reply());
  CHECK(eventually([&] { return server.counters().open == 0; }));
}

TEST_CASE("TLS files that do not serve are errors that name the file", "[http][tls]") {
  const Certificate certificate, other;
  http::Server server;
  const auto listen = [&](std::string cert, std::string key) {
    return server.listen({.port = 0, .tls = settings(std::move(cert), std::move(key))},
                         echo_site());
  };
  const auto missing = listen("/nonexistent.pem", certificate.file("key.pem"));
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().message.find("/nonexistent.pem") != std::string::npos);
  const auto swapped = listen(certificate.file("cert.pem"), certificate.file("cert.pem"));
  REQUIRE_FALSE(swapped.ok());
  CHECK(swapped.error().code == Code::InvalidArgument);
  const auto foreign = listen(certificate.file("cert.pem"), other.file("key.pem"));
  REQUIRE_FALSE(foreign.ok());
  CHECK(foreign.error().message.find(other.file("key.pem")) != std::string::npos);
}

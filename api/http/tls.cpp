#include <openssl/ssl.h>

#include "api/http/listener.hpp"

#include <fmt/format.h>

namespace millrace::http {

Result<std::unique_ptr<boost::asio::ssl::context>> make_tls(const TlsSettings& settings) {
  namespace ssl = boost::asio::ssl;
  auto context = std::make_unique<ssl::context>(ssl::context::tls_server);
  auto* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(
      native, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION);
  // An idle connection then keeps no record buffers.
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_cipher_list(native, "ECDHE+AESGCM:ECDHE+CHACHA20");

  boost::system::error_code error;
  context->use_certificate_chain_file(settings.certificate_file, error);
  if (error)
    return Error{Code::InvalidArgument,
                 fmt::format("read TLS certificate: {}: not a PEM certificate chain ({})",
                             settings.certificate_file, error.message())};
  context->use_private_key_file(settings.key_file, ssl::context::pem, error);
  if (error)
    return Error{Code::InvalidArgument,
                 fmt::format("read TLS key: {}: not the PEM private key of {} ({})",
                             settings.key_file, settings.certificate_file, error.message())};
  if (SSL_CTX_check_private_key(native) != 1)
    return Error{Code::InvalidArgument,
                 fmt::format("read TLS key: {}: does not belong to certificate {}",
                             settings.key_file, settings.certificate_file)};
  return context;
}

}  // namespace millrace::http

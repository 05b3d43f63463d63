#include "api/audience/dialect.hpp"

#include "api/audience/refusals.hpp"
#include "api/audience/requests.hpp"
#include "api/route/pydantic.hpp"

namespace millrace::audience {

api::Dialect make_dialect(const std::shared_ptr<const SharedSettings>& settings) {
  const auto at_start = settings->get();
  const bool is_reference = at_start->profile == Profile::Reference;
  api::Dialect dialect;
  dialect.name = "audience";
  dialect.title = at_start->title;
  dialect.version = at_start->version;
  dialect.requires_sign_in = false;
  dialect.reaches_databases = true;
  dialect.reading =
      api::pydantic_reading(is_reference ? api::LooseObjects::Taken : api::LooseObjects::Refused);
  dialect.final_slash = api::FinalSlash::TemporaryRedirect;
  dialect.answers_head = false;
  dialect.tells_methods = false;
  dialect.body_bytes = at_start->max_body_bytes;
  dialect.refuse = refuse;
  dialect.refusal_schema = Json{{"$ref", "HTTPValidationError"}};
  dialect.schemas = reply_schemas();
  dialect.shown_refusals = {422};
  dialect.documents =
      api::RootDocuments{.openapi = "3.0.2", .leads_from_root = !is_reference, .has_redoc = true};
  return dialect;
}

}  // namespace millrace::audience

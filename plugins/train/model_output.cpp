#include "plugins/train/model_output.hpp"

#include <string>
#include <utility>

namespace millrace::train {

void emit_model(Context& context, std::string_view file, const TrainedModel& model) {
  Writer writer = context.stage("blob:");
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  for (std::size_t at = 0; at < model.bytes.size(); at += kPiece)
    writer.write(model.bytes.substr(at, kPiece));
  const std::string address = "blob:" + context.seal(writer);
  if (!file.empty()) context.put(file, model.bytes);
  context.result("model", '"' + address + '"');
  Builder<std::string_view> addresses;
  addresses.append(address);
  auto row = Batch{}.with("model", std::move(addresses));
  const std::pair<std::string_view, std::int64_t> numbers[] = {
      {"bytes", static_cast<std::int64_t>(model.bytes.size())},
      {"rows", model.rows},
      {"terms", model.terms},
      {"labels", model.labels}};
  for (const auto& [name, number] : numbers) {
    context.metric(name, 0, static_cast<double>(number));
    Builder<std::int64_t> column;
    column.append(number);
    row = std::move(row).with(name, std::move(column));
  }
  context.emit(std::move(row));
}

}  // namespace millrace::train

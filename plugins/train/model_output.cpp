#include "plugins/train/model_output.hpp"

#include <string>
#include <utility>

namespace millrace::train {

namespace {

void write_pieces(Writer& writer, std::string_view bytes) {
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  writer.truncate(0);  // what an attempt before this one has left
  for (std::size_t at = 0; at < bytes.size(); at += kPiece) writer.write(bytes.substr(at, kPiece));
}

}  // namespace

void emit_model(Context& context, std::string_view file, const TrainedModel& model) {
  Writer content = context.stage("blob:");
  write_pieces(content, model.bytes);
  const std::string address = "blob:" + context.seal(content);
  if (!file.empty()) {
    Writer copy = context.stage(file);  // visible when the job has succeeded
    write_pieces(copy, model.bytes);
  }
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

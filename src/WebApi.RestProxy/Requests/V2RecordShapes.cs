using System.Text.Json;

namespace Loire.WebApi.RestProxy.Requests;

// The JSON of records in the OpenAPI document. None of these types is made: V2Record reads and V2RecordWriter writes records without them. Keys
// and values are base64 in the binary format, text in the text format, and any JSON in the json format.

/// <summary>The body of a produce.</summary>
internal sealed record V2ProduceRecordsJson(V2ProducerRecordJson[] Records);

/// <summary>A record to be appended.</summary>
internal sealed record V2ProducerRecordJson(
    JsonElement? Key = null, JsonElement? Value = null, int? Partition = null, long? Timestamp = null, V2RecordHeaderJson[]? Headers = null);

/// <summary>A header, its value in base64.</summary>
internal sealed record V2RecordHeaderJson(string Key, string? Value);

/// <summary>A record that was read.</summary>
internal sealed record V2ConsumerRecordJson(
    string Topic, JsonElement? Key, JsonElement? Value, int Partition, long Offset, long Timestamp, V2RecordHeaderJson[]? Headers = null);

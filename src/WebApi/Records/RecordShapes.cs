using System.Text.Json;

namespace Loire.WebApi.Records;

// The JSON of records and of produces in the OpenAPI document. None of these types is made: records are read and written without objects, by
// RecordFields, JsonFormat and ProduceAnswer.

/// <summary>The body of a produce in JSON.</summary>
internal sealed record ProduceRecordsJson(ProducerRecordJson[] Records);

/// <summary>A record to be appended.</summary>
internal sealed record ProducerRecordJson(
    JsonElement Value, JsonElement? Key = null, int? Partition = null, JsonElement? Timestamp = null, RecordHeaderJson[]? Headers = null);

/// <summary>A header; its name is a text, or in the binary form if it is not UTF-8.</summary>
internal sealed record RecordHeaderJson(JsonElement Name, JsonElement Value);

/// <summary>What was appended, with an entry for each record of a JSON body.</summary>
internal sealed record ProduceResultJson(
    long RecordsAccepted, long Acknowledged, ProducedPartitionJson[] Partitions, ProducedRecordJson[]? Records = null);

/// <summary>What was appended to one partition; with <c>acks=0</c> its offsets are unknown.</summary>
internal sealed record ProducedPartitionJson(int Partition, long RecordsAccepted, long? FirstOffset = null, long? LastOffset = null);

/// <summary>Where a record is, or why it was not appended.</summary>
internal sealed record ProducedRecordJson(
    int Partition, long? Offset = null, int? ErrorCode = null, string? Code = null, bool? Retriable = null, string? Detail = null);

/// <summary>A record that was read; a read of several topics says of which one it is.</summary>
internal sealed record ConsumerRecordJson(
    int Partition, long Offset, long Timestamp, JsonElement? Key, JsonElement? Value, RecordHeaderJson[] Headers, string? TopicName = null);

namespace Loire.WebApi.RestProxy.Produce;

/// <summary>The result of a produce: an entry for each record, in the order of the request. The schema ids are always null.</summary>
internal sealed record V2ProducedJson(V2ProducedRecordJson[] Offsets, int? KeySchemaId = null, int? ValueSchemaId = null);

/// <summary>Where a record is, or why it was not appended.</summary>
internal sealed record V2ProducedRecordJson(int? Partition, long? Offset, int? ErrorCode, string? Error);

namespace Loire.Storage.Objects;

/// <summary>A store after recovery.</summary>
/// <param name="Store">What it holds.</param>
/// <param name="Appender">The end of its newest file.</param>
/// <param name="ReplayedBytes">Bytes of records since the checkpoint.</param>
/// <param name="ReplayedRecords">Records since the checkpoint.</param>
internal readonly record struct OpenedStore(ObjectStore Store, FileAppender Appender, long ReplayedBytes, long ReplayedRecords);

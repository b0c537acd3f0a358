namespace Loire.Storage.Objects;

/// <summary>A store after recovery.</summary>
/// <param name="Store">The recovered state.</param>
/// <param name="Appender">The end of its newest file.</param>
/// <param name="ReplayedBytes">Bytes of records since the checkpoint.</param>
/// <param name="ReplayedRecords">Number of records since the checkpoint.</param>
internal readonly record struct OpenedStore(ObjectStore Store, FileAppender Appender, long ReplayedBytes, long ReplayedRecords);

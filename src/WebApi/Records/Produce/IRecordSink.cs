using Loire.Edge.Producing;

namespace Loire.WebApi.Records.Produce;

/// <summary>The result of adding a record to an <see cref="IRecordSink"/>.</summary>
internal enum Added
{
    Yes,

    /// <summary>Not yet: make room, then add it again.</summary>
    NoRoom,

    /// <summary>Never: it is larger than a batch of this topic may be.</summary>
    TooLarge,
}

/// <summary>Takes the records of a request, for one topic.</summary>
internal interface IRecordSink
{
    int PartitionsCount { get; }

    /// <summary>The topic's <c>max.message.bytes</c>.</summary>
    int MaxBatchBytes { get; }

    /// <summary>
    /// Whether the topic must be asked again before a record is refused for what is known of the topic. True once for each such record.
    /// </summary>
    bool MustCheckTopic();

    /// <summary>Adds a record: to <paramref name="partition"/>, or by its key as Kafka's default partitioner does, or without a key to any.</summary>
    Added TryAdd(int? partition, in ProducerRecord record, out RecordPlace place);
}

using Loire.Edge.Producing;
using Loire.Edge.Topics;
using Loire.Model;
using Loire.Model.Batches;
using Loire.Model.Transactions;
using Loire.WebApi.Errors;

namespace Loire.WebApi.Records.Produce;

/// <summary>
/// The records of a request for one topic, all held until each partition gets its own in one append. Where records go depends only on the request and on the
/// number of partitions.
/// </summary>
/// <param name="topic">The topic as it is known.</param>
/// <param name="home">The partition of records that name none and have no key.</param>
/// <param name="options">The bounds of batches and of records.</param>
/// <param name="isTransactional">Whether the batches belong to a transaction.</param>
internal sealed class GatheredRecords(TopicRoutes topic, int home, LoireApiOptions options, bool isTransactional = false) : IRecordSink, IDisposable
{
    private readonly SortedDictionary<int, GatheredPartition> _partitions = [];

    public TopicRoutes Topic => topic;

    /// <summary>The partitions that get records, in their order.</summary>
    public IReadOnlyDictionary<int, GatheredPartition> Partitions => _partitions;

    /// <summary>Where each record is, in the order of the request: its partition, and its place among the records of that.</summary>
    public List<(int Partition, int Index)> Places { get; } = [];

    public int PartitionsCount => topic.PartitionsCount;

    public int MaxBatchBytes => Math.Clamp(topic.MaxMessageBytes, RecordBatch.HeaderSize, Limits.BatchBytes);

    // The caller asks the topic again and gathers anew.
    public bool MustCheckTopic() => false;

    public Added TryAdd(int? partition, in ProducerRecord record, out RecordPlace place)
    {
        place = default;
        if (!record.FitsInto(MaxBatchBytes))
        {
            return Added.TooLarge;
        }

        if (Places.Count == options.MaxJsonProduceRecords)
        {
            throw new RefusedRequestException(new ApiProblem(
                ErrorCode.RecordListTooLarge, $"A request that is appended as a whole has at most {options.MaxJsonProduceRecords} records."));
        }

        var to = partition ?? (record.KeyIsNull ? home : Murmur2.Partition(record.Key, PartitionsCount));
        if (!_partitions.TryGetValue(to, out var gathered))
        {
            _partitions.Add(to, gathered = new GatheredPartition(Math.Min(options.BatchBytes, MaxBatchBytes), options.ProduceCompression, isTransactional));
        }

        Places.Add((to, gathered.RecordsCount));
        gathered.Add(record);
        return Added.Yes;
    }

    public void Dispose()
    {
        foreach (var partition in _partitions.Values)
        {
            partition.Dispose();
        }
    }
}

/// <summary>The records of one partition.</summary>
internal sealed class GatheredPartition(int batchBytes, CompressionType compression, bool isTransactional) : IDisposable
{
    private readonly RecordBatchBuilder _builder = new() { IsTransactional = isTransactional };
    private readonly List<ReadOnlyMemory<byte>> _batches = [];

    public int RecordsCount { get; private set; }

    public void Add(in ProducerRecord record)
    {
        if (_builder.RecordCount > 0 && _builder.SizeInBytes + record.ReservedBytes > batchBytes)
        {
            _batches.Add(_builder.Build(compression));
        }

        var fits = _builder.Append(record.Timestamp, record.Key, record.KeyIsNull, record.Value, record.ValueIsNull, record.Headers);
        Invariant.Check(fits, "a record within the bounds of its topic fits into an empty batch");
        RecordsCount++;
    }

    /// <summary>Builds all batches, one after the other, in memory that the partition will own. Ends the gathering.</summary>
    /// <param name="producer">The producer; <see cref="ProducerIdentity.None"/> without one.</param>
    /// <param name="sequence">The sequence of the first record; −1 without a producer.</param>
    public byte[] Encode(ProducerIdentity producer, int sequence)
    {
        if (_builder.RecordCount > 0)
        {
            _batches.Add(_builder.Build(compression));
        }

        var bytes = GC.AllocateUninitializedArray<byte>(_batches.Sum(batch => batch.Length));
        var rest = bytes.AsSpan();
        foreach (var batch in _batches)
        {
            batch.Span.CopyTo(rest);
            if (producer != ProducerIdentity.None)
            {
                RecordBatch.SetProducer(rest[..batch.Length], producer, sequence);
                RecordBatch.TryRead(batch.Span, out var read);
                sequence = (int)(((long)sequence + read.RecordCount) & int.MaxValue);
            }

            rest = rest[batch.Length..];
        }

        _batches.Clear();
        return bytes;
    }

    public void Dispose() => _builder.Dispose();
}

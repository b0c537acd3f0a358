using System.Reflection;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.WebApi.Benchmarks;

/// <summary>Grains that acknowledge at once and keep nothing: what is left is the cost of the edge alone.</summary>
internal class ForgetfulGrains : DispatchProxy
{
    private readonly Topic _topic = new();
    private readonly Partition _partition = new();

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        targetMethod!.GetGenericArguments()[0] == typeof(ITopicGrain) ? _topic
        : targetMethod.GetGenericArguments()[0] == typeof(IPartitionGrain) ? _partition
        : throw new NotSupportedException();

    private sealed class Topic : ITopicGrain
    {
        private readonly TopicResult _result = new(
            ErrorCode.None, new TopicDescription(TopicName.Parse("t"), new TopicId(Guid.Empty), 1, 1, [new TopicConfig("max.message.bytes", "1048588", true)]), null);

        public ValueTask<TopicResult> Create(CreateTopicRequest request) => new(_result);

        public ValueTask<TopicResult> Describe() => new(_result);

        public ValueTask<TopicConfigsResult> DescribeConfigs() => throw new NotSupportedException();

        public ValueTask<TopicResult> AddPartitions(int partitionsCount, bool validateOnly) => new(_result);

        public ValueTask<TopicResult> Rebalance(bool validateOnly) => new(_result);

        public ValueTask<TopicResult> AlterConfigs(AlterConfigsRequest request) => new(_result);

        public ValueTask<TopicResult> Delete() => new(_result);

        public ValueTask<TopicResult> DeleteCreation(TopicId id) => new(_result);

        public ValueTask<TopicResult> Watch(TopicId id, long version, TimeSpan wait, CancellationToken cancellation) => Describe();

        public ValueTask<TopicResult> Settle() => new(_result);

        public ValueTask<ErrorCode> Report(TopicId id, PartitionReport[] reports) => throw new NotSupportedException();

        public ValueTask<TopicLogsResult> DescribeLogs() => new(new TopicLogsResult(ErrorCode.None, []));

        public ValueTask<TopicRetainResult> Retain(int max) => throw new NotSupportedException();

        public ValueTask<PartitionSettingsResult> Settings(TopicId id, int partition) => throw new NotSupportedException();
    }

    private sealed class Partition : IPartitionGrain
    {
        private Offset _end = Offset.Zero;

        public ValueTask<AppendResult> Append(AppendRequest request)
        {
            var (first, batches) = (_end, request.Batches);
            foreach (var piece in batches.Pieces)
            {
                for (var rest = piece.Span; RecordBatch.TryRead(rest, out var batch) == ErrorCode.None; rest = rest[batch.SizeInBytes..])
                {
                    _end += batch.RecordCount;
                }
            }

            return new(new AppendResult(ErrorCode.None, first, _end + -1, Timestamp.None, Offset.Zero, null));
        }

        public ValueTask AppendUnacknowledged(AppendRequest request) => default;

        public ValueTask<FetchResult> Fetch(FetchRequest request, CancellationToken cancellation) => throw new NotSupportedException();

        public ValueTask<PartitionOffsets> Offsets() => new(new PartitionOffsets(ErrorCode.None, Offset.Zero, _end, _end, _end, LeaderEpoch.None));

        public ValueTask<PartitionOffsets> DeleteRecords(Offset before, bool validateOnly) => throw new NotSupportedException();

        public ValueTask<FindBatchResult> FindBatch(Timestamp timestamp) => throw new NotSupportedException();

        public ValueTask<FindBatchResult> FindNewest() => throw new NotSupportedException();

        public ValueTask<EpochEndResult> EndOfEpoch(LeaderEpoch epoch, LeaderEpoch current) => throw new NotSupportedException();

        public ValueTask<LatestRecordResult> Latest(byte[] key) => throw new NotSupportedException();

        public ValueTask<ErrorCode> EndTransaction(TransactionMarker marker) => throw new NotSupportedException();

        public ValueTask<ErrorCode> AbortHanging(AbortHangingRequest request) => throw new NotSupportedException();

        public ValueTask<ProducersResult> Producers() => throw new NotSupportedException();

        public ValueTask<ErrorCode> Configure(PartitionSettings settings) => throw new NotSupportedException();

        public ValueTask<RetainResult> Retain() => throw new NotSupportedException();

        public ValueTask<ErrorCode> Delete() => throw new NotSupportedException();
    }
}

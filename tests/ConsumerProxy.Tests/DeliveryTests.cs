using System.Text;
using Loire.Grains.Interfaces.Consumers;
using Loire.Model;
using Loire.Model.Batches;
using Loire.TestKit;
using Loire.TestKit.Fakes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.ConsumerProxy.Tests;

/// <summary>Deliveries of one consumer whose partition holds batches that a test has made, between the consumer and its client.</summary>
public sealed class DeliveryTests : IAsyncDisposable
{
    private static readonly TopicPartition Zero = new(TopicName.Parse("t"), 0);

    private readonly FakeCluster _cluster = new();
    private readonly FakePartition _partition;
    private readonly ProxiedConsumer _consumer;
    private readonly Meters _meters = new();

    public DeliveryTests()
    {
        _cluster.AddTopic("t");
        _partition = _cluster.Partition("t", 0);
        _consumer = Create(fetchMinBytes: 1);
    }

    private ProxiedConsumer Create(int fetchMinBytes)
    {
        var factory = new ConsumerFactory(_cluster.Factory, () => "life", TimeProvider.System, NullLoggerFactory.Instance, _meters);
        return factory.Create(new ConsumerKey("g", "one"), new ConsumerSettings(
            "app", "here", null, OffsetSpec.Earliest, null, TimeSpan.FromSeconds(45), TimeSpan.FromMinutes(5), ["range"], fetchMinBytes, null));
    }

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public async Task Delivery_begins_and_ends_in_the_middle_of_a_compressed_batch(CompressionType compression)
    {
        _partition.Plant(Numbers(0, 10, compression));
        _partition.Plant(Numbers(10, 10, compression));
        await BeginAsync(from: 3);
        var first = await TakeAsync(maxRecords: 4);
        Assert.Equal([3, 4, 5, 6], Offsets(first));
        Assert.Equal(["3", "4", "5", "6"], first.Decode().Select(Text));
        Assert.Equal([7, 8, 9, 10, 11], Offsets(await TakeAsync(maxRecords: 5)));
        Assert.Equal(Enumerable.Range(12, 8).Select(i => (long)i), Offsets(await TakeAsync()));
    }

    [Fact]
    public async Task Receipt_within_a_batch_repeats_what_was_lost_behind_it()
    {
        _partition.Plant(Numbers(0, 10, CompressionType.Lz4));
        await BeginAsync(from: 0);
        var first = await TakeAsync(maxRecords: 3);
        Assert.Equal([3, 4, 5, 6], Offsets(await TakeAsync(maxRecords: 4)));
        var again = await TakeAsync(maxRecords: 4, receipt: first.Receipt);
        Assert.Equal([3, 4, 5, 6], Offsets(again));
        Assert.Equal([7, 8, 9], Offsets(await TakeAsync(receipt: again.Receipt)));
    }

    [Fact]
    public async Task Bytes_of_keys_values_and_headers_bound_a_delivery_and_its_first_record_comes_whatever_its_size()
    {
        _partition.Plant(Batch(
            Record("k", "12345", ("hh", "12")), Record(null, new string('x', 1_000)), Record(null, "1234"), Record(null, "12345"), Record(null, "")));
        await BeginAsync(from: 0);
        Assert.Equal([0], Offsets(await TakeAsync(maxBytes: 1_000)));
        Assert.Equal([1], Offsets(await TakeAsync(maxBytes: 1)));
        Assert.Equal([2, 3], Offsets(await TakeAsync(maxRecords: 2, maxBytes: 9)));
        Assert.Equal([4], Offsets(await TakeAsync(maxBytes: 9)));
    }

    [Fact]
    public async Task Bounds_hold_across_batches()
    {
        for (var i = 0; i < 5; i++)
        {
            _partition.Plant(Numbers(2 * i, 2, CompressionType.None));
        }

        await BeginAsync(from: 1);
        Assert.Equal([1, 2, 3, 4, 5], Offsets(await TakeAsync(maxRecords: 5)));
        Assert.Equal([6, 7, 8], Offsets(await TakeAsync(maxBytes: 3)));
        Assert.Equal([9], Offsets(await TakeAsync()));
    }

    [Fact]
    public async Task Repeated_and_null_headers_null_keys_and_values_and_empty_values_survive()
    {
        var records = new[]
        {
            Record("k", "v", ("h", "1"), ("h", "2"), ("h", null), ("", "")),
            Record(null, null),
            Record("", ""),
        };
        _partition.Plant(Batch(records));
        await BeginAsync(from: 0);
        var found = (await TakeAsync()).Decode();
        Assert.Equal(records.Select(Describe), found.Select(Describe));
        Assert.All(found, record => Assert.Equal(new Timestamp(1_000), record.Timestamp));
    }

    [Fact]
    public async Task Batch_with_a_wrong_checksum_is_answered_with_the_error_and_can_be_passed_over()
    {
        var damaged = Numbers(10, 10, CompressionType.None);
        damaged[^1] ^= 1;
        _partition.Plant(Numbers(0, 10, CompressionType.None));
        _partition.Plant(damaged);
        _partition.Plant(Numbers(20, 10, CompressionType.None));
        await BeginAsync(from: 0);
        Assert.Equal(Enumerable.Range(0, 10).Select(i => (long)i), Offsets(await TakeAsync()));
        for (var i = 0; i < 2; i++)
        {
            var failed = await _consumer.TakeAsync(Request(), CancellationToken.None);
            Assert.Equal(ErrorCode.CorruptMessage, failed.Error);
            Assert.Empty(failed.Slices);
            Assert.Contains("20", failed.Detail, StringComparison.Ordinal);
        }

        Assert.Equal(ErrorCode.None, (await _consumer.SeekAsync([(Zero, OffsetSpec.At(20))])).Error);
        Assert.Equal([20, 21], Offsets(await TakeAsync(maxRecords: 2)));
    }

    [Fact]
    public async Task Slices_stay_as_they_are_while_later_batches_are_read()
    {
        for (var i = 0; i < 20; i++)
        {
            _partition.Plant(Numbers(10 * i, 10, CompressionType.Gzip));
        }

        await BeginAsync(from: 0);
        List<TakeResult> deliveries = [];
        while (deliveries.Sum(delivery => delivery.Slices.Sum(slice => slice.Records.Count)) < 200)
        {
            deliveries.Add(await TakeAsync(maxRecords: 7));
        }

        Assert.Equal(
            Enumerable.Range(0, 200).Select(i => $"{i}"), deliveries.SelectMany(delivery => delivery.Decode()).Select(Text));
    }

    [Fact]
    public async Task Consumer_whose_assignment_is_emptied_in_the_middle_of_a_batch_reads_again_when_it_is_assigned_again()
    {
        _partition.Plant(Numbers(0, 10, CompressionType.None));
        _partition.Plant(Numbers(10, 10, CompressionType.None));
        await BeginAsync(from: 0);
        Assert.Equal(15, Offsets(await TakeAsync(maxRecords: 15)).Count());
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(ErrorCode.None, (await (i == 0 ? _consumer.AssignAsync([], false) : _consumer.UnsubscribeAsync(false))).Error);
            Assert.Equal(ErrorCode.InvalidRequest, (await _consumer.TakeAsync(Request(), CancellationToken.None)).Error);
            await BeginAsync(from: 2);
            Assert.Equal([2, 3], Offsets(await TakeAsync(maxRecords: 2)));
            Assert.Equal(Enumerable.Range(4, 10).Select(i => (long)i), Offsets(await TakeAsync(maxRecords: 10)));
        }
    }

    [Fact]
    public async Task Answer_waits_for_the_least_bytes_as_long_as_the_request_says_and_then_takes_what_there_is()
    {
        _partition.Plant(Numbers(0, 10, CompressionType.None));
        var consumer = Create(fetchMinBytes: 20);
        Assert.Equal(ErrorCode.None, (await consumer.AssignAsync([Zero], hasFinished: false)).Error);
        var began = TimeProvider.System.GetTimestamp();
        var some = await consumer.TakeAsync(Request() with { MaxWait = TimeSpan.FromSeconds(1.5) }, CancellationToken.None);
        Assert.InRange(TimeProvider.System.GetElapsedTime(began), TimeSpan.FromSeconds(1.4), TimeSpan.FromMinutes(1));
        Assert.Equal(10, Offsets(some).Count());

        // Each number has two bytes: with the tenth there are enough.
        var waits = consumer.TakeAsync(Request() with { MaxWait = TimeSpan.FromMinutes(1) }, CancellationToken.None);
        var reached = FetchFrom(19);
        _partition.Plant(Numbers(10, 9, CompressionType.None));
        await reached;
        Assert.False(waits.IsCompleted);
        _partition.Plant(Numbers(19, 1, CompressionType.None));
        Assert.Equal(Enumerable.Range(10, 10).Select(i => (long)i), Offsets(await waits));
        await consumer.CloseAsync(Client.GroupMembershipOperation.LeaveGroup, hasFinished: false);
    }

    [Fact]
    public async Task Request_that_ends_while_it_waits_for_the_least_bytes_leaves_the_records_to_the_next()
    {
        _partition.Plant(Numbers(0, 10, CompressionType.None));
        var consumer = Create(fetchMinBytes: 20);
        var reached = FetchFrom(10);
        Assert.Equal(ErrorCode.None, (await consumer.AssignAsync([Zero], hasFinished: false)).Error);
        using var leaving = new CancellationTokenSource();
        var left = consumer.TakeAsync(Request() with { MaxWait = TimeSpan.FromMinutes(1) }, leaving.Token);
        await reached;
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        var overtaken = consumer.TakeAsync(Request() with { MaxWait = TimeSpan.FromMinutes(1) }, CancellationToken.None);
        var newer = await consumer.TakeAsync(Request() with { MaxWait = TimeSpan.FromMilliseconds(100) }, CancellationToken.None);
        Assert.Equal(ErrorCode.RequestTimedOut, (await overtaken).Error);
        Assert.Equal(10, Offsets(newer).Count());
        await consumer.CloseAsync(Client.GroupMembershipOperation.LeaveGroup, hasFinished: false);
    }

    /// <summary>Completes when a fetch begins at an offset: the consumer has everything before it.</summary>
    private Task FetchFrom(long offset)
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _partition.BeforeFetch = (_, request) =>
        {
            if (request.From == offset)
            {
                begun.TrySetResult();
            }

            return Task.FromResult(ErrorCode.None);
        };
        return begun.Task;
    }

    public async ValueTask DisposeAsync()
    {
        await _consumer.CloseAsync(Client.GroupMembershipOperation.LeaveGroup, hasFinished: false);
        _meters.Dispose();
    }

    private async Task BeginAsync(long from)
    {
        Assert.Equal(ErrorCode.None, (await _consumer.AssignAsync([Zero], hasFinished: false)).Error);
        Assert.Equal(ErrorCode.None, (await _consumer.SeekAsync([(Zero, OffsetSpec.At(from))])).Error);
    }

    private async Task<TakeResult> TakeAsync(int maxRecords = 500, int maxBytes = 1 << 20, string? receipt = null)
    {
        var delivery = await _consumer.TakeAsync(Request(maxRecords, maxBytes, receipt), CancellationToken.None);
        Assert.Equal(ErrorCode.None, delivery.Error);
        return delivery;
    }

    private static TakeRequest Request(int maxRecords = 500, int maxBytes = 1 << 20, string? receipt = null) => new(
        receipt is null ? PreviousDelivery.Finished : PreviousDelivery.FinishedUpToReceipt, receipt, maxRecords, maxBytes, Limits.FetchWait);

    private static IEnumerable<long> Offsets(TakeResult delivery) => delivery.Decode().Select(record => record.Offset.Value);

    private static string Text(ConsumedRecord record) => Encoding.UTF8.GetString(record.Value!);

    private static string Describe(ConsumedRecord record) =>
        $"{Hex(record.Key)}={Hex(record.Value)} {string.Join(' ', record.Headers.Select(header => $"{header.Key}:{Hex(header.Value)}"))}";

    private static string Hex(byte[]? bytes) => bytes is null ? "null" : Convert.ToHexString(bytes);

    private static ConsumedRecord Record(string? key, string? value, params (string Key, string? Value)[] headers) => new(
        Zero, Offset.Zero, new Timestamp(1_000), Bytes(key), Bytes(value),
        Array.ConvertAll(headers, header => new ConsumedHeader(header.Key, Bytes(header.Value))));

    private static byte[]? Bytes(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text);

    private static byte[] Numbers(int from, int count, CompressionType compression)
    {
        using var builder = new RecordBatchBuilder();
        for (var i = from; i < from + count; i++)
        {
            builder.Append(new Timestamp(1_000), default, true, Encoding.UTF8.GetBytes($"{i}"), false);
        }

        return builder.Build(compression).ToArray();
    }

    private static byte[] Batch(params ConsumedRecord[] records)
    {
        using var builder = new RecordBatchBuilder();
        foreach (var record in records)
        {
            RecordHeader[] headers = [.. record.Headers.Select(
                header => new RecordHeader(Encoding.UTF8.GetBytes(header.Key), header.Value, header.Value is null))];
            builder.Append(record.Timestamp, record.Key, record.Key is null, record.Value, record.Value is null, headers);
        }

        return builder.Build().ToArray();
    }
}

using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Transactions;
using Loire.Grains.Tests.Benches;
using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Grains.Tests.Partitions;

/// <summary>What a partition says of its producers (KIP-664).</summary>
public class DescribeProducersTests
{
    private static readonly Timestamp Now = new(1_767_225_600_000);
    private static readonly Timestamp Earlier = new(1_767_225_500_000);

    [Fact]
    public void A_producer_is_described_by_its_last_batch_with_its_own_time_and_by_what_it_has_open()
    {
        var bench = new PartitionBench();
        Assert.Equal(ErrorCode.None, bench.Append(Of(0, 0)).Now().Error);
        Assert.Equal(ErrorCode.None, bench.Append(Of(0, 1)).Now().Error);
        Assert.Equal(new ProducerDescription(new ProducerIdentity(7, 0), 1, Now, new Offset(0), HasEnded: false, Earlier), Described(bench));
    }

    [Fact]
    public void After_a_marker_that_raises_the_epoch_the_time_of_the_producer_is_that_of_the_marker()
    {
        var bench = new PartitionBench();
        Assert.Equal(ErrorCode.None, bench.Append(Of(0, 0)).Now().Error);
        Assert.Equal(ErrorCode.None, bench.End(new TransactionMarker("id", new ProducerIdentity(7, 1), RaisesEpoch: true, Commits: true, Number: 1)).Now());
        Assert.Equal(new ProducerDescription(new ProducerIdentity(7, 1), -1, Now, Offset.None, HasEnded: true, Now), Described(bench));
    }

    [Fact]
    public void A_transaction_that_hangs_is_aborted_and_readers_go_on()
    {
        var bench = new PartitionBench();
        Assert.Equal(ErrorCode.None, bench.Append(Of(0, 0)).Now().Error);
        Assert.Equal(0, bench.Offsets().LastStable);
        Assert.Equal(ErrorCode.None, Abort(bench, new ProducerIdentity(7, 0), 0, 0));
        Assert.Equal(2, bench.Offsets().LastStable);
        Assert.Equal(new ProducerDescription(new ProducerIdentity(7, 0), 0, Now, Offset.None, HasEnded: true, Earlier), Described(bench));
        Assert.Equal(ErrorCode.InvalidTxnState, Abort(bench, new ProducerIdentity(7, 0), 0, 0));
        Assert.Equal(2, bench.Offsets().LastStable);

        // A coordinator that knew of it after all would do no harm.
        Assert.Equal(ErrorCode.None, bench.End(new TransactionMarker("id", new ProducerIdentity(7, 1), RaisesEpoch: true, Commits: true, Number: 1)).Now());
        var aborted = bench.Fetch(0, isolation: IsolationLevel.ReadCommitted).Now();
        Assert.Equal(7, Assert.Single(aborted.Aborted!).Producer);
    }

    [Theory]
    [InlineData(8, 0, 0, 0)]
    [InlineData(7, 1, 0, 0)]
    [InlineData(7, 0, 1, 0)]
    [InlineData(7, 0, 0, 1)]
    public void A_transaction_that_is_not_as_it_was_described_is_not_aborted(long id, short epoch, long start, int lastSequence)
    {
        var bench = new PartitionBench();
        Assert.Equal(ErrorCode.None, bench.Append(Of(0, 0)).Now().Error);
        Assert.Equal(ErrorCode.InvalidTxnState, Abort(bench, new ProducerIdentity(id, epoch), start, lastSequence));
        Assert.Equal(0, bench.Offsets().LastStable);
    }

    [Fact]
    public void A_producer_that_writes_while_coordinators_are_asked_keeps_its_transaction_even_before_that_is_durable()
    {
        var bench = new PartitionBench();
        Assert.Equal(ErrorCode.None, bench.Append(Of(0, 0)).Now().Error);
        var release = bench.Hold("chunk");
        var append = bench.Append(Of(0, 1));
        Assert.Equal(ErrorCode.InvalidTxnState, Abort(bench, new ProducerIdentity(7, 0), 0, 0));
        release();
        Assert.Equal(ErrorCode.None, append.Now().Error);
        Assert.Equal(0, bench.Offsets().LastStable);
    }

    private static ErrorCode Abort(PartitionBench bench, ProducerIdentity producer, long start, int lastSequence) => bench.Thread.Start(
        () => bench.Driver.AbortHangingAsync(new AbortHangingRequest(producer, new Offset(start), lastSequence))).Now();

    private static AppendRequest Of(short epoch, int sequence) => new(
        Batch.Build(
            Earlier,
            builder => (builder.ProducerId, builder.ProducerEpoch, builder.BaseSequence, builder.IsTransactional) = (7, epoch, sequence, true), "value"),
        Acks.All, Transaction: "id");

    private static ProducerDescription Described(PartitionBench bench)
    {
        var result = bench.Thread.Finish(() => bench.Driver.DescribeProducersAsync().AsTask());
        Assert.Equal(ErrorCode.None, result.Error);
        return Assert.Single(result.Producers);
    }
}

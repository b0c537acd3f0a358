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

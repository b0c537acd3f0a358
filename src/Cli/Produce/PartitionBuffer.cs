using Loire.Model.Batches;

namespace Loire.Cli.Produce;

/// <summary>The batches of one partition: the open one and the one in flight.</summary>
internal sealed class PartitionBuffer(int partition)
{
    public int Partition => partition;

    /// <summary>Null while no batch is open.</summary>
    public RecordBatchBuilder? Builder { get; set; }

    /// <summary>The number in the input of the open batch's first record.</summary>
    public long FirstRecord { get; set; }

    public Sending? InFlight { get; set; }
}

/// <summary>A batch in flight.</summary>
internal sealed record Sending(long FirstRecord, int Records, int Bytes, Task Answer);

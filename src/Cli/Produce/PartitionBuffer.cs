using Loire.Model.Batches;

namespace Loire.Cli.Produce;

/// <summary>One partition: the batch under construction, and the one on its way.</summary>
internal sealed class PartitionBuffer(int partition)
{
    public int Partition => partition;

    /// <summary>Null while no batch is open.</summary>
    public RecordBatchBuilder? Builder { get; set; }

    /// <summary>The number in the input of the open batch's first record.</summary>
    public long FirstRecord { get; set; }

    public Sending? InFlight { get; set; }
}

/// <summary>A batch whose answer is awaited.</summary>
internal sealed record Sending(long FirstRecord, int Records, int Bytes, Task Answer);

using Loire.Model;

namespace Loire.Coordination.Partitions;

/// <summary>An append whose outcome is known.</summary>
/// <param name="Reply">Its parked reply; null for acks=0, which has none.</param>
/// <param name="BaseOffset">The offset of its first record.</param>
/// <param name="NextOffset">The offset after its last record.</param>
/// <param name="Bytes">The size of its batches, in bytes.</param>
/// <param name="IsRetry">Whether all of its batches are repetitions, so that nothing was appended.</param>
public readonly record struct Acknowledgement<TReply>(TReply? Reply, Offset BaseOffset, Offset NextOffset, int Bytes, bool IsRetry = false)
    where TReply : class;

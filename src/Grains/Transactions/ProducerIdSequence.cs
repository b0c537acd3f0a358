using System.Buffers.Binary;
using Loire.Grains.Brokers;

namespace Loire.Grains.Transactions;

/// <summary>Producer ids, counted by a value of the cluster: one write for each id.</summary>
internal sealed class ProducerIdSequence(IClusterRoot root)
{
    private const string Key = "producer-id";

    /// <summary>Gives the next id, or a retriable error.</summary>
    public async ValueTask<(ErrorCode Error, long Id)> NextAsync()
    {
        try
        {
            while (true)
            {
                var (value, version) = await root.ReadAsync(Key);
                var id = value is { } bytes ? BinaryPrimitives.ReadInt64BigEndian(bytes.Span) : 0;
                var next = new byte[sizeof(long)];
                BinaryPrimitives.WriteInt64BigEndian(next, id + 1);
                if (await root.CompareAndSwapAsync(Key, version, next))
                {
                    return (ErrorCode.None, id);
                }
            }
        }
        catch (Exception)
        {
            // Whatever storage's own exception says, the id may have been given; the next attempt gives another.
            return (ErrorCode.CoordinatorNotAvailable, -1);
        }
    }
}

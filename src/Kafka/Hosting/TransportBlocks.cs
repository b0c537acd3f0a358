using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;

namespace Loire.Kafka.Hosting;

/// <summary>
/// The memory of Kafka's connections between their sockets and what is read or answered, in blocks of <see cref="BlockBytes"/>. A connection holds a block only while
/// something is in it. Some free blocks are kept; the garbage collector gets the others. Thread-safe.
/// </summary>
internal sealed class TransportBlocks : MemoryPool<byte>, IMemoryPoolFactory<byte>
{
    /// <summary>The size of a block: what a system call moves at most.</summary>
    public const int BlockBytes = 16 * 1024;

    // What a thousand connections use that ask and are answered at the same time: 32 MiB.
    private const int MaxFree = 2_048;

    private readonly ConcurrentQueue<Block> _free = new();
    private int _freeCount;

    /// <inheritdoc/>
    public override int MaxBufferSize => BlockBytes;

    /// <summary>All queues of a transport share the blocks.</summary>
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => this;

    /// <inheritdoc/>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockBytes);
        if (_free.TryDequeue(out var free))
        {
            Interlocked.Decrement(ref _freeCount);
            return free;
        }

        return new Block(this);
    }

    /// <summary>Nothing is left to do: blocks are memory of the runtime.</summary>
    protected override void Dispose(bool disposing)
    {
    }

    private void Return(Block block)
    {
        if (Interlocked.Increment(ref _freeCount) <= MaxFree)
        {
            _free.Enqueue(block);
        }
        else
        {
            Interlocked.Decrement(ref _freeCount);
        }
    }

    private sealed class Block(TransportBlocks pool) : IMemoryOwner<byte>
    {
        // Pinned, because the kernel reads and writes it for as long as a call takes.
        private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true);

        public Memory<byte> Memory => _bytes;

        public void Dispose() => pool.Return(this);
    }
}

using Loire.Log.Objects;
using Loire.Model;

namespace Loire.Log.Chains;

/// <summary>Items of one future chunk: they have positions, and become durable together or not at all.</summary>
internal sealed class PendingChunk(Offset from, long queuedAt)
{
    private readonly TaskCompletionSource<ErrorCode> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Item> _items = new(1);

    /// <summary>The position of the first item.</summary>
    public Offset Base { get; } = from;

    /// <summary>The position after the last item.</summary>
    public Offset End { get; private set; } = from;

    /// <summary>The items in order.</summary>
    public IReadOnlyList<Item> Items => _items;

    /// <summary>Bytes of the items.</summary>
    public long Bytes { get; private set; }

    /// <summary>When the first item was added.</summary>
    public long QueuedAt { get; } = queuedAt;

    /// <summary>Completes when the outcome of the chunk is known; never throws.</summary>
    public Task<ErrorCode> Ended => _ended.Task;

    /// <summary>Adds an item at the end; returns its position.</summary>
    public Offset Add(in Item item)
    {
        var position = End;
        _items.Add(item);
        Bytes += item.Bytes.Length;
        End += item.Positions;
        return position;
    }

    /// <summary>Completes <see cref="Ended"/>; continuations run after the current turn.</summary>
    public void Finish(ErrorCode fate) => _ended.SetResult(fate);
}

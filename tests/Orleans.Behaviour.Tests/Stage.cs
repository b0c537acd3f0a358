using System.Collections.Concurrent;

namespace Orleans.Behaviour.Tests;

/// <summary>
/// Where a grain waits until the test lets it go on, and the test waits until the grain is there. Grains find it by its name, since a call
/// may copy what it carries.
/// </summary>
internal sealed class Stage
{
    private static readonly ConcurrentDictionary<string, Stage> All = new();

    private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Stage() => All[Name] = this;

    public string Name { get; } = Guid.NewGuid().ToString("N");

    /// <summary>Ends when a grain is there.</summary>
    public Task Entered => _entered.Task.Soon();

    public bool HasEntered => _entered.Task.IsCompleted;

    public static Stage Of(string name) => All[name];

    /// <summary>Lets all grains go on that are there or come.</summary>
    public void Open() => _open.TrySetResult();

    /// <summary>Called by the grain.</summary>
    public Task Enter()
    {
        _entered.TrySetResult();
        return _open.Task;
    }
}

/// <summary>What grains note for the test to read, by the key of the grain.</summary>
internal static class Notes
{
    private static readonly ConcurrentDictionary<string, ConcurrentQueue<string>> All = new();
    private static readonly ConcurrentDictionary<(string Key, int Count), TaskCompletionSource> Waiting = new();

    public static void Note(this IAddressable grain, string text)
    {
        var key = grain.GetPrimaryKeyString();
        var notes = All.GetOrAdd(key, _ => new());
        notes.Enqueue(text);
        Mark(key, notes.Count).TrySetResult();
    }

    public static string[] Of(IAddressable grain) => All.TryGetValue(grain.GetPrimaryKeyString(), out var notes) ? [.. notes] : [];

    /// <summary>Waits until a grain has noted so much; it notes one thing after the other.</summary>
    public static Task Reached(IAddressable grain, int count) => Mark(grain.GetPrimaryKeyString(), count).Task.Soon();

    private static TaskCompletionSource Mark(string key, int count) =>
        Waiting.GetOrAdd((key, count), _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
}

internal static class Patience
{
    /// <summary>Fails a test that would hang.</summary>
    public static Task Soon(this Task task) => task.WaitAsync(TimeSpan.FromSeconds(60));

    /// <inheritdoc cref="Soon(Task)"/>
    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(TimeSpan.FromSeconds(60));
}

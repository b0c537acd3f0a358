using System.Collections.Concurrent;

namespace Orleans.Behaviour.Tests;

/// <summary>
/// Where a grain waits until the test lets it go on, and the test waits until the grain is there. Grains find it by its name, since a call
/// may copy what it carries. No test sleeps: it waits for a grain to be at a stage, and what must not happen would have happened before
/// something else that it waits for.
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

    public static void Note(this IAddressable grain, string text) => Add(grain.GetPrimaryKeyString(), text);

    public static void Add(string key, string text) => All.GetOrAdd(key, _ => new()).Enqueue(text);

    public static string[] Of(string key) => All.TryGetValue(key, out var notes) ? [.. notes] : [];

    public static string[] Of(IAddressable grain) => Of(grain.GetPrimaryKeyString());
}

internal static class Patience
{
    /// <summary>Fails a test that would hang.</summary>
    public static Task Soon(this Task task) => task.WaitAsync(TimeSpan.FromSeconds(60));

    /// <inheritdoc cref="Soon(Task)"/>
    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(TimeSpan.FromSeconds(60));
}

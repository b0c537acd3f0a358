using System.Threading.Channels;

namespace Orleans.Calls.Benchmarks;

/// <summary>
/// What a call costs without Orleans: an object that a loop of its own serves from a channel, with a task completion source for the answer.
/// The least that one turn at a time can be had for without further thought, to compare grain calls with.
/// </summary>
internal sealed class HandMade : IAsyncDisposable
{
    private readonly Channel<(int A, int B, TaskCompletionSource<int> Answer)> _requests =
        Channel.CreateUnbounded<(int, int, TaskCompletionSource<int>)>(new UnboundedChannelOptions { SingleReader = true });

    private readonly Task _loop;

    public HandMade() => _loop = Task.Run(async () =>
    {
        await foreach (var (a, b, answer) in _requests.Reader.ReadAllAsync())
        {
            answer.SetResult(a + b);
        }
    });

    public Task<int> Add(int a, int b)
    {
        var answer = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        _requests.Writer.TryWrite((a, b, answer));
        return answer.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _requests.Writer.Complete();
        await _loop;
    }
}

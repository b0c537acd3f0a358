using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using Orleans.Activations;
using Orleans.Runtime;

namespace Orleans.Calls;

/// <summary>The result of a method that returns none.</summary>
internal readonly struct Nothing;

/// <summary>
/// A call with its arguments, still without them here, and its answer. Awaited as a value task it is its own source, so that a call costs
/// one object; it is never used again, so a second await gets the answer and not another call's. The four ways to send are the four return
/// types that a grain method may have.
/// </summary>
internal abstract class Call<T>(GrainMethod method) : Call(method), IValueTaskSource<T>, IValueTaskSource
{
    private ManualResetValueTaskSourceCore<T> _answer = new() { RunContinuationsAsynchronously = true };
    private TaskCompletionSource<T>? _task;

    public ValueTask<T> Send(GrainReference target)
    {
        Post(target);
        return Method.IsOneWay ? default : new ValueTask<T>(this, _answer.Version);
    }

    public ValueTask SendForNothing(GrainReference target)
    {
        Post(target);
        return Method.IsOneWay ? default : new ValueTask(this, _answer.Version);
    }

    public Task<T> SendForTask(GrainReference target)
    {
        if (Method.IsOneWay)
        {
            Post(target);
            return Task.FromResult<T>(default!);
        }

        _task = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(target);
        return _task.Task;
    }

    /// <summary>Calls the method on the grain. Compiled for each method, with the arguments as fields of the derived class.</summary>
    public abstract ValueTask<T> Invoke(object grain);

    public sealed override bool Run(Activation activation)
    {
        ValueTask<T> running;
        try
        {
            BindToken(activation);
            running = Invoke(activation.GrainInstance!);
        }
        catch (Exception error)
        {
            Fail(error, activation);
            return true;
        }

        if (running.IsCompletedSuccessfully)
        {
            Answer(running.Result);
            return true;
        }

        _ = Await(running, activation);
        return false;
    }

    public sealed override void Fail(Exception error)
    {
        if (!TryAnswer() || Method.IsOneWay)
        {
            return;
        }

        if (_task is not null)
        {
            _task.SetException(error);
        }
        else
        {
            _answer.SetException(error);
        }
    }

    T IValueTaskSource<T>.GetResult(short token) => _answer.GetResult(token);

    void IValueTaskSource.GetResult(short token) => _answer.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<T>.GetStatus(short token) => _answer.GetStatus(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _answer.GetStatus(token);

    void IValueTaskSource<T>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _answer.OnCompleted(continuation, state, token, flags);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _answer.OnCompleted(continuation, state, token, flags);

    private async Task Await(ValueTask<T> running, Activation activation)
    {
        try
        {
            Answer(await running);
        }
        catch (Exception error)
        {
            Fail(error, activation);
        }

        activation.OnEnded(this);
    }

    private void Fail(Exception error, Activation activation)
    {
        Ended();
        activation.OnFailed(this, error, reported: !Method.IsOneWay);
        Fail(error);
    }

    private void Answer(T result)
    {
        Ended();
        if (!TryAnswer())
        {
            return;
        }

        if (_task is not null)
        {
            _task.SetResult(GrainReference.ToPass(result));
        }
        else
        {
            _answer.SetResult(GrainReference.ToPass(result));
        }
    }
}

/// <summary>Brings the four return types of grain methods to one, for the compiled <see cref="Call{T}.Invoke"/>.</summary>
internal static class Results
{
    public static ValueTask<T> Same<T>(ValueTask<T> result) => result;

    public static ValueTask<T> FromTask<T>(Task<T> result) => new(result);

    public static ValueTask<Nothing> FromNothing(ValueTask result) => result.IsCompletedSuccessfully ? Consume(result) : Await(result);

    public static ValueTask<Nothing> FromTaskOfNothing(Task result) =>
        result.IsCompletedSuccessfully ? default : Await(new ValueTask(result));

    private static ValueTask<Nothing> Consume(ValueTask result)
    {
        result.GetAwaiter().GetResult();
        return default;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<Nothing> Await(ValueTask result)
    {
        await result;
        return default;
    }
}

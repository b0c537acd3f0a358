using System.Runtime.CompilerServices;
using Orleans.Activations;
using Orleans.Runtime;

namespace Orleans.Storage;

/// <summary>A state of one activation. It can only be used in turns of a grain.</summary>
internal sealed class PersistentState<T> : IPersistentState<T>
{
    private readonly string _name;
    private readonly Activation _activation;
    private readonly IGrainStorage _storage;
    private readonly GrainState<T> _state = new(NewState.Of<T>());
    private bool _loaded;

    public PersistentState(string name, Activation activation, IGrainStorage storage)
    {
        (_name, _activation, _storage) = (name, activation, storage);
        activation.ObservableLifecycle.Subscribe<PersistentState<T>>(GrainLifecycleStage.SetupState, _ => ReadStateAsync());
    }

    public T State
    {
        get
        {
            CheckTurn();
            return _state.State;
        }

        set
        {
            CheckTurn();
            _state.State = value;
        }
    }

    public string? Etag => _state.ETag;

    public bool RecordExists => _loaded ? _state.RecordExists : throw new InvalidOperationException("The state has not been loaded yet.");

    public async Task ReadStateAsync()
    {
        await Attempt("read", storage => storage.ReadStateAsync(_name, _activation.GrainId, _state));
        _loaded = true;
    }

    public Task WriteStateAsync() => Attempt("written", storage => storage.WriteStateAsync(_name, _activation.GrainId, _state));

    public Task ClearStateAsync() => Attempt("cleared", storage => storage.ClearStateAsync(_name, _activation.GrainId, _state));

    private static void CheckTurn()
    {
        if (RuntimeContext.Current is null)
        {
            throw new InvalidOperationException("The state of a grain can only be used in a turn of the grain.");
        }
    }

    private async Task Attempt(string what, Func<IGrainStorage, Task> step)
    {
        try
        {
            CheckTurn();
            await step(_storage);
        }
        catch (Exception error) when (error is not OrleansException)
        {
            throw new OrleansException($"The state {_name} of {_activation.GrainId} could not be {what}: {error.Message}", error);
        }
    }
}

/// <summary>
/// The state of a grain that storage does not know: what the constructor without parameters makes, or an object whose constructor did not
/// run.
/// </summary>
internal static class NewState
{
    public static T Of<T>() =>
        typeof(T).IsValueType ? default!
        : typeof(T).GetConstructor(Type.EmptyTypes) is not null ? Activator.CreateInstance<T>()
        : (T)RuntimeHelpers.GetUninitializedObject(typeof(T));
}

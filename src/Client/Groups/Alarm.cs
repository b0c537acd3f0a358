namespace Loire.Client;

/// <summary>An auto-reset event for one waiter: a signal without a waiter is kept for the next wait.</summary>
internal sealed class Alarm
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _waiter;
    private bool _isSet;

    public void Set()
    {
        lock (_lock)
        {
            if (_waiter is { } waiter)
            {
                _waiter = null;
                waiter.TrySetResult();
            }
            else
            {
                _isSet = true;
            }
        }
    }

    /// <summary>Signals when a task ends, successfully or not.</summary>
    public void Watch(Task task) => task.GetAwaiter().UnsafeOnCompleted(Set);

    /// <summary>Completes with the next signal.</summary>
    public Task NextAsync()
    {
        lock (_lock)
        {
            if (_isSet)
            {
                _isSet = false;
                return Task.CompletedTask;
            }

            _waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _waiter.Task;
        }
    }
}

namespace Loire.Client;

/// <summary>Wakes one waiter; a call that comes while nobody waits is kept for the next wait.</summary>
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

    /// <summary>Rings when a task ends, however it does.</summary>
    public void Watch(Task task) => task.GetAwaiter().UnsafeOnCompleted(Set);

    /// <summary>Ends with the next ring.</summary>
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

namespace Loire.Grains.Turns;

/// <summary>The activation of a grain. Not thread-safe: it belongs to the grain's scheduler.</summary>
internal sealed class GrainActivation(IGrainBase grain) : IActivation
{
    /// <summary>
    /// How long an activation of an absent name stays. It limits the memory of absent names to those requested within this time, and how
    /// often such a name is activated.
    /// </summary>
    public static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);

    private IGrainTimer? _timer;

    /// <inheritdoc/>
    public void Deactivate() => grain.DeactivateOnIdle();

    /// <inheritdoc/>
    public void DeactivateSoon(Func<bool> isUnused) => _timer ??= grain.RegisterGrainTimer(
        DeactivateIfAsync,
        isUnused,
        new GrainTimerCreationOptions(Moment, Timeout.InfiniteTimeSpan) { Interleave = true });

    private Task DeactivateIfAsync(Func<bool> isUnused, CancellationToken cancellation)
    {
        _timer?.Dispose();
        _timer = null;
        if (isUnused())
        {
            Deactivate();
        }

        return Task.CompletedTask;
    }
}

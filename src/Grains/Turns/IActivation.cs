namespace Loire.Grains.Turns;

/// <summary>How a driver asks the grain that holds it to be deactivated. Both methods return at once and may be called again.</summary>
public interface IActivation
{
    /// <summary>Deactivates the grain after the calls under way: the driver is closed, and only another one can serve.</summary>
    void Deactivate();

    /// <summary>
    /// Deactivates the grain a moment from now, for a driver that works but has nothing to serve, because what the grain's key names does not
    /// exist. Deactivating it at once would reject a call that creates it: Orleans forwards a call that meets a deactivating activation only
    /// twice, and each caller that asks for the absent name would deactivate the next activation.
    /// </summary>
    /// <param name="isUnused">Asked when the moment has passed; false keeps the activation.</param>
    void DeactivateSoon(Func<bool> isUnused);
}

namespace Loire.Grains.Turns;

/// <summary>Lets a driver deactivate the grain that holds it. Both methods return at once and may be called again.</summary>
public interface IActivation
{
    /// <summary>Deactivates the grain after the current calls: the driver is closed, and only a new one can serve.</summary>
    void Deactivate();

    /// <summary>
    /// Deactivates the grain a moment from now, for a driver that works but has nothing to serve, because what the grain's key names does
    /// not exist. Deactivating it at once would reject a call that creates it: Orleans forwards a call that meets a deactivating activation
    /// only twice, and each caller that asks for the absent name would deactivate the next activation.
    /// </summary>
    /// <param name="isUnused">Invoked when the time has passed; false keeps the activation.</param>
    void DeactivateSoon(Func<bool> isUnused);
}

namespace Orleans.Activations;

/// <summary>
/// Where an activation is, for references to remember. Emptied when the activation is gone, so that a reference kept for long does not keep a grain in memory that has
/// been deactivated long ago.
/// </summary>
internal sealed class Whereabouts(Activation activation)
{
    public Activation? Activation { get; private set; } = activation;

    public void Clear() => Activation = null;
}

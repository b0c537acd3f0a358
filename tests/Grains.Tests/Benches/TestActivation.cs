using Loire.Grains.Turns;

namespace Loire.Grains.Tests.Benches;

/// <summary>An activation whose moments pass at once.</summary>
internal sealed class TestActivation(Action deactivate) : IActivation
{
    public void Deactivate() => deactivate();

    public void DeactivateSoon(Func<bool> isUnused)
    {
        if (isUnused())
        {
            deactivate();
        }
    }
}

namespace Loire.Storage.Tests.Azurite;

/// <summary>A fact that is skipped where Azurite is not installed.</summary>
internal sealed class AzuriteFactAttribute : FactAttribute
{
    public const string NotInstalled = "Azurite is not installed: run npm ci in tests/azurite, or name its command in LOIRE_AZURITE";

    public AzuriteFactAttribute() => Skip = AzuriteServer.Command is null ? NotInstalled : null!;
}

/// <summary>A theory that is skipped where Azurite is not installed.</summary>
internal sealed class AzuriteTheoryAttribute : TheoryAttribute
{
    public AzuriteTheoryAttribute() => Skip = AzuriteServer.Command is null ? AzuriteFactAttribute.NotInstalled : null!;
}

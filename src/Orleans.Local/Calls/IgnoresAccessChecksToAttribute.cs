namespace System.Runtime.CompilerServices;

/// <summary>
/// Known to the runtime by its name: the assembly that carries it may use what another keeps internal. Compiled proxies carry it.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
internal sealed class IgnoresAccessChecksToAttribute(string assemblyName) : Attribute
{
    public string AssemblyName { get; } = assemblyName;
}

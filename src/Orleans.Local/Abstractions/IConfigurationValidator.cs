namespace Orleans;

/// <summary>Checks configuration before a silo starts. All that are registered run.</summary>
public interface IConfigurationValidator
{
    /// <summary>Checks.</summary>
    /// <exception cref="Runtime.OrleansConfigurationException">Something is wrong; the silo does not start.</exception>
    void ValidateConfiguration();
}

using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace SyncCluster.Gateway.WebConsole.Keys;

/// <summary>Keys that end with the process, as everything of a server that keeps nothing.</summary>
internal sealed class KeysInMemory : IXmlRepository
{
    private readonly Lock _lock = new();
    private readonly List<XElement> _keys = [];

    /// <inheritdoc/>
    public IReadOnlyCollection<XElement> GetAllElements()
    {
        lock (_lock)
        {
            return [.. _keys];
        }
    }

    /// <inheritdoc/>
    public void StoreElement(XElement element, string friendlyName)
    {
        lock (_lock)
        {
            _keys.Add(new(element));
        }
    }
}

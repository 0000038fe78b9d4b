using System.Diagnostics;
using OpenTelemetry;

namespace SyncCluster.Hosting.Telemetry;

/// <summary>
/// Takes the secrets out of the addresses of requests that the server sends, whatever the framework has been told to leave in them: the query, the
/// user, and what follows <c>secret</c> in the path.
/// </summary>
internal sealed class AddressRedaction : BaseProcessor<Activity>
{
    private const string Secret = "secret";
    private const string Address = "url.full";
    private const string Hidden = "REDACTED";

    /// <inheritdoc/>
    public override void OnEnd(Activity data)
    {
        if (data.GetTagItem(Address) is string address)
        {
            data.SetTag(Address, Uri.TryCreate(address, UriKind.Absolute, out var uri)
                ? WithoutSecrets(uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped))
                : null);
        }
    }

    /// <summary>A path, or an address without a query, with the secrets in it hidden.</summary>
    public static string WithoutSecrets(string path)
    {
        if (!path.Contains(Secret, StringComparison.OrdinalIgnoreCase))
        {
            return path;
        }

        var parts = path.Split('/');
        for (var part = 1; part < parts.Length; part++)
        {
            if (parts[part - 1].Equals(Secret, StringComparison.OrdinalIgnoreCase))
            {
                parts[part] = Hidden;
            }
        }

        return string.Join('/', parts);
    }
}

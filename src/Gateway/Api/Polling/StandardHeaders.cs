using System.Collections.Frozen;

namespace SyncCluster.Gateway.Api.Polling;

/// <summary>
/// The names of headers that a standard uses (IANA's registry of HTTP field names and what browsers add to it), that this server sets itself, or that
/// web servers and proxies act on.
/// </summary>
internal static class StandardHeaders
{
    private static readonly string[] Beginnings =
    [
        "Access-Control-", "Attribution-Reporting-", "CDN-", "CF-", "CMCD-", "CMSD-", "CTA-", "Client-Cert", "Cloudflare-", "Content-", "Cross-Origin-",
        "Edge-", "Fastly-", "Grpc-", "Idempotency-", "If-", "Job-", "OData-", "Proxy-", "Public-Key-Pins", "RateLimit", "Repeatability-", "Sec-",
        "Surrogate-", "X-Accel", "X-Akamai", "X-Amz", "X-Att-Deviceid", "X-Azure", "X-Cache", "X-Content-", "X-DNS-", "X-Download-", "X-Envoy",
        "X-Forwarded", "X-Frame-", "X-HTTP-", "X-Lighttpd", "X-LiteSpeed", "X-Method-Override", "X-Middleware-", "X-Original-", "X-Permitted-", "X-Powered-",
        "X-Proxy", "X-Real-", "X-Reproxy", "X-Rewrite-", "X-Robots-", "X-Send", "X-UA-", "X-Url-Scheme", "X-Varnish", "X-XSS-",
    ];

    private static readonly FrozenSet<string> Names = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
    [
        "A-IM", "ALPN", "AMP-Cache-Transform", "Accept", "Accept-Additions", "Accept-CH", "Accept-CH-Lifetime", "Accept-Charset", "Accept-Datetime",
        "Accept-Encoding", "Accept-Features", "Accept-Language", "Accept-Patch", "Accept-Post", "Accept-Query", "Accept-Ranges", "Accept-Signature",
        "Access-Control", "Activate-Storage-Access", "Age", "Allow", "Alt-Svc", "Alt-Used", "Alternates", "Apply-To-Redirect-Ref", "Authentication-Control",
        "Authentication-Info", "Authorization", "Available-Dictionary", "Baggage", "Base", "C-Ext", "C-Man", "C-Opt", "C-PEP", "C-PEP-Info", "Cache-Control",
        "Cache-Group-Invalidation", "Cache-Groups", "Cache-Status", "Cal-Managed-ID", "CalDAV-Timezones", "Capsule-Protocol", "Cert-Not-After",
        "Cert-Not-Before", "Clear-Site-Data", "Client-Cert", "Client-Cert-Chain", "Close", "Compliance", "Concealed-Auth-Export", "Configuration-Context",
        "Connection", "Cookie", "Cookie2", "Correlation-Context", "Cost", "Critical-CH", "DASL", "DAV", "DNT", "DPR", "DPoP", "DPoP-Nonce", "Date",
        "Default-Style", "Delegate-CH", "Delta-Base", "Deprecation", "Depth", "Derived-From", "Destination", "Detached-JWS", "Device-Memory",
        "Dictionary-ID", "Differential-ID", "Digest", "Document-Policy", "Document-Policy-Report-Only", "Downlink", "ECT", "EDIINT-Features", "ETag",
        "Early-Data", "Expect", "Expect-CT", "Expires", "Ext", "Feature-Policy", "Forwarded", "From", "Front-End-Https", "GetProfile", "HTTP2-Settings",
        "Hobareg", "Host", "IM", "IdP-SignIn-Status", "If", "Include-Referred-Token-Binding-ID", "Incremental", "Isolation", "Keep-Alive", "Label",
        "Large-Allocation", "Last-Event-ID", "Last-Modified", "Link", "Link-Template", "Location", "Lock-Token", "Man", "Max-Forwards", "Memento-Datetime",
        "Message-ID", "Meter", "Method-Check", "Method-Check-Expires", "NEL", "Negotiate", "No-Vary-Search", "OSCORE", "OSLC-Core-Version",
        "Observe-Browsing-Topics", "Opt", "Optional-WWW-Authenticate", "Ordering-Type", "Origin", "Origin-Agent-Cluster", "Origin-Trial", "Overwrite", "P3P",
        "PEP", "PEP-Info", "PICS-Label", "Permissions-Policy", "Ping-From", "Ping-To", "Position", "Pragma", "Prefer", "Preference-Applied", "Priority",
        "ProfileObject", "Protocol", "Protocol-Info", "Protocol-Query", "Protocol-Request", "Public", "RTT", "Range", "Redirect-Ref", "Referer",
        "Referer-Root", "Referrer-Policy", "Refresh", "Replay-Nonce", "Report-To", "Reporting-Endpoints", "Repr-Digest", "Request-Id", "Resolution-Hint",
        "Resolver-Location", "Retry-After", "SLUG", "SOAPAction", "Safe", "Save-Data", "Schedule-Reply", "Schedule-Tag", "Security-Scheme", "Server",
        "Server-Timing", "Service-Worker", "Service-Worker-Allowed", "Service-Worker-Navigation-Preload", "Set-Cookie", "Set-Cookie2", "Set-Login",
        "Set-Txn", "SetProfile", "Signature", "Signature-Input", "SourceMap", "Speculation-Rules", "Status", "Status-URI", "Strict-Transport-Security",
        "SubOK", "Subst", "Sunset", "Supports-Loading-Mode", "TCN", "TE", "TTL", "Timeout", "Timing-Allow-Origin", "Title", "Tk", "Topic", "Traceparent",
        "Tracestate", "Trailer", "Transfer-Encoding", "Translate", "UA-Color", "UA-Media", "UA-Pixels", "UA-Resolution", "UA-Windowpixels", "URI", "Upgrade",
        "Upgrade-Insecure-Requests", "Urgency", "Use-As-Dictionary", "User-Agent", "Variant-Vary", "Vary", "Via", "Viewport-Width", "WWW-Authenticate",
        "Want-Content-Digest", "Want-Digest", "Want-Repr-Digest", "Warning", "Width", "X-Archived-At", "X-Client-IP", "X-Cluster-Client-IP",
        "X-Device-Accept", "X-Device-Accept-Charset", "X-Device-Accept-Encoding", "X-Device-Accept-Language", "X-Device-User-Agent", "X-Host", "X-PreFetch",
        "X-Requested-With", "X-SourceMap", "X-UIDH", "X-WebKit-CSP", "X-XSRF-TOKEN", "X-CSRF-TOKEN",
    ]);

    /// <summary>Whether a name is one of them, also if its underscores are read as hyphens, as CGI does.</summary>
    public static bool Has(string name)
    {
        var plain = name.Replace('_', '-');
        return Names.Contains(plain) || Beginnings.Any(beginning => plain.StartsWith(beginning, StringComparison.OrdinalIgnoreCase));
    }
}

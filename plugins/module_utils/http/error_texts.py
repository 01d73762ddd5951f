# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may be shown of a server's error text, which may quote a value: whole, in part or encoded. Pure.

Only listed words and small numbers are shown, and what the request itself names, such as a path. So it does not matter
which value a server quotes, in which encoding, and whether this run knows it.
"""

from __future__ import annotations

import re
import typing as t

__all__ = ["WORDS", "shown_words"]

_WORDS = """
    a accepted access accessor account acquire action active address addresses admin akeyless alias all allow allowed
    already an and api append applied approle are argument array as assigned associated assume at attached attempt
    attempts audit auth authenticate authentication authority authorization authorized auto available aws azure
    backend bad batch be bearer because been before begin below beyond blocked body bound broken bucket buffer but by
    bytes cache call can canceled cancelled cannot cert certificate chain change character characters check checksum
    ciphertext claim claims client closed cloud cluster code collection command commit compare complete completed
    condition config configuration conflict connect connection consistent consul container contains content context
    control copy core corrupt could count create created creating credential credentials current data date day
    deadline decode decoding decrypt decrypted defined delay delete deleted deletion denied deny dependency deployment
    deprecated desc description destroyed detected device dial did different directory disabled disk dns does domain
    done down duplicate duration dynamic each element empty enabled encode encoded encrypt encrypted encryption end
    ended endpoint engine enough ensure entity entry environment eof error errors etcd event exactly exceeded exceeds
    except exclusive execute executed exist existed existing exists expected expired expires expiry explicit external
    extract fail failed failing failure feature fetch field fields file filter final find finished first folder for
    forbidden format forward forwarded forwarding found fragment from full function gateway general generate generated
    get give given got group groups grpc had handle handler has hash hashi hashicorp header health heartbeat host
    hostname http https id identical identity if ignored illegal implemented import in include included incomplete
    incorrect index information init initialize input inside instance instead insufficient integer integrity interface
    internal interval invalid invalidated io is issue issued issuer item items its job json jwt key keyring kind
    kubernetes kv large last ldap leader lease leases least left length less level license limit limited list listener
    listing load local location locked log login long longer lookup lost make malformed many mapping max maximum may
    member members memory merge message metadata method migrate migrated migrating migration migrations min minimum
    mismatch missing mode more most mount moved multiple must name namespace needed needs network never new newer next
    nil no node nodes none not nothing null number object occurred of off offset old older on once only open operation
    operator option options or order orphan other out outside over own owner padding page panic parameter parent parse
    parsing part partial parts passed password patch path paths payload pem pending performance period permission
    permissions physical pki plain plugin pod pointer policies policy pool possible prefix present previous primary
    prior private process processing property protected protection protocol provided provider proxy public purge put
    quorum quota raft random range rate rather reach reached read reading reason recent record recover recovered
    recovery redirect refresh refused region register rejected relative reload remote removed renew renewable renewal
    repeated replace replaced replica replicated replication reply request requests require required reserved reset
    resolve resolved resource response restart restore restricted retries retry retryable returned revoke revoked role
    rollback root rotate rotated route rule run running runtime same save saved schedule schema scheme scope seal
    sealed search second secondary seconds secret secrets section segment self send sent serial serialize server
    service session set setting share shared should shut shutdown shutting signature signed since single size skew
    skip skipped slow snapshot socket some source specified split stale standby start started state static status step
    still stop stopped storage store storing stream strict string subject success such suffix supplied support
    supported suspended switch sync syntax system table tag tags take taken target task temporarily temporary tenant
    terminated test text than the their then there these they this time timeout tls to token too total trailing
    transaction transit tries trusted try trying two type unable unauthenticated unauthorized unavailable undefined
    under unexpected unexpectedly unique unit universal unknown unlock unlocked unmarshal unreachable unreadable
    unseal unsealed unsealing unsupported until unwrap update updated url usage use used user username userpass using
    valid validation value values variable vault verification verify version versions via wait waiting was were when
    where which while will with without worker wrap wrapped wrapping write writing wrong x509 year yet you your zero
"""
WORDS = frozenset(_WORDS.split())
"""The words that may be shown of any text of a server."""

_TEXT = re.compile(r"[^\s\"'`,:;{}\[\]()<>=\\]+")
# Words, also in one as in AccessForbidden and last-version, and numbers such as a status.
_WORD = re.compile(r"[A-Za-z]+(?:[-_.][A-Za-z]+)*\.?|\d{1,3}\.?")
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")
_MASKS = re.compile(r"\*\*\*(?:\W*\*\*\*)+")
_LONGEST_SEARCHED = 8192
_SHORTEST_CREDENTIAL = 8


def shown_words(
    text: str, *, names: str = "", credentials: t.Iterable[str] = (), value: str = "", limit: int = 300
) -> str:
    """The part of a server's error text that holds no value; ``***`` stands for the rest.

    :param names: what the request names, such as a path. It is shown as it is.
    :param credentials: those in the request. Where one is quoted whole, not even listed words of it are shown.
    :param value: the secret value in the request. No listed word that occurs in it is shown.
    :param limit: the most characters.
    """
    for credential in credentials:
        text = text.replace(credential, "***") if len(credential) >= _SHORTEST_CREDENTIAL else text

    def shown(found: re.Match[str]) -> str:
        word = found.group()
        if word in names:
            return word
        bare = word.rstrip(".")
        in_value = bare in value and (len(bare) > 3 or not bare.isalpha())
        listed = _WORD.fullmatch(word) and all(part.isdigit() or part.lower() in WORDS for part in _PARTS.findall(bare))
        return word if listed and not in_value else "***"

    return _MASKS.sub("***", _TEXT.sub(shown, text[:_LONGEST_SEARCHED]))[:limit]

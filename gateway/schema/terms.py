"""What the values of the longer vocabularies mean, in Chinese and English."""

from typing import Final

STATUS: Final = {
    "DRAFT": "草稿. Being compiled; only its agency sees it.",
    "SUBMITTED": "已提交. Submitted for examination.",
    "RETURNED": "已退回. Returned to its agency for correction.",
    "APPROVED": "已审核. Examined, not yet published.",
    "PUBLISHED": "已发布. Stands in the published catalogue.",
    "UPDATE_DUE": "待更新. Published, and due for an update.",
    "WITHDRAWN": "已撤下. Taken out of the published catalogue.",
}
ORIGIN: Final = {
    "NATIVE": "本地编制. Compiled by an agency here.",
    "IMPORTED": "外部导入. Read from another catalogue.",
}
FORMAT: Final = {
    "CSV": "Comma-separated values.",
    "JSON": "JSON.",
    "NDJSON": "JSON, one value a line.",
    "XML": "XML.",
    "XLSX": "电子表格. A spreadsheet.",
    "PARQUET": "Apache Parquet.",
    "GEOJSON": "GeoJSON.",
    "SHAPEFILE": "Esri shapefile.",
    "DATABASE": "数据库. A database or its dump.",
    "API": "接口. An interface.",
    "PDF": "PDF.",
    "DOCX": "文档. A word processor's document.",
    "HTML": "网页. A web page.",
    "TEXT": "文本. Plain text.",
    "IMAGE": "图像. Images.",
    "VIDEO": "视频. Video.",
    "STREAM": "数据流. A stream.",
    "ARCHIVE": "压缩包. An archive of files.",
    "OTHER": "其他. Another format.",
}
PERIOD: Final = {
    "REALTIME": "实时. Continuously.",
    "HOURLY": "每小时. Every hour.",
    "DAILY": "每日. Every day.",
    "WEEKLY": "每周. Every week.",
    "MONTHLY": "每月. Every month.",
    "QUARTERLY": "每季度. Every quarter.",
    "SEMIANNUAL": "每半年. Every half-year.",
    "ANNUAL": "每年. Every year.",
    "IRREGULAR": "不定期. At no fixed time.",
    "NEVER": "不更新. Not at all.",
    "UNKNOWN": "未说明. Not stated.",
}
MODE: Final = {
    "API": "接口. By an interface.",
    "FILE": "文件. As files.",
    "DATABASE": "库表交换. By exchange of database tables.",
    "STREAM": "数据流. As a stream.",
    "ONLINE": "在线查询. By looking it up online.",
    "OFFLINE": "线下. On a medium handed over.",
}
ELEMENT: Final = {
    "CATEGORY": "分类. The category.",
    "RESPONSIBLE_PARTY": "责任方. The responsible party.",
    "FORMAT": "格式. The format.",
    "ATTRIBUTES": "属性. The attributes.",
    "UPDATE_LIMIT": "更新时限. The limit for updates.",
    "SHARE_TYPE": "共享类型. The sharing tier.",
    "SHARE_MODE": "共享方式. How it is shared.",
    "OPEN_TYPE": "开放类型. The opening tier.",
    "OPEN_MODE": "开放方式. How it is opened.",
    "USE_REQUIREMENTS": "使用要求. The requirements for its use.",
}
DATA_TYPE: Final = {
    "STRING": "字符串. Text.",
    "INTEGER": "整数. An integer.",
    "DECIMAL": "小数. A decimal number.",
    "BOOLEAN": "布尔. True or false.",
    "DATE": "日期. A date.",
    "DATETIME": "日期时间. A date with a time.",
    "GEOMETRY": "几何. A geometry.",
    "BINARY": "二进制. Bytes.",
    "OTHER": "其他. Another type.",
}
DIRECTION: Final = {"ASC": "升序. Ascending.", "DESC": "降序. Descending."}
PROCEDURE: Final = {
    "DECLARATION": "无条件共享申报. A declaration of scope and purpose, and the grant at once (16.1).",
    "APPLICATION": "有条件共享申请. An application that the provider answers (16.2).",
    "NEGOTIATION": "不予共享协商. Both parties negotiate; when that fails, the center coordinates (16.3).",
    "OPENING": "有条件开放申请. Anybody applies; the provider authorises the center to open (24.2).",
    "GRANT": "授权管理. What becomes of a grant.",
}
CASE_STATE: Final = {
    "DECLARED": "已申报. Declared, and granted.",
    "SUBMITTED": "已提交. Waits for the provider's answer.",
    "APPROVED": "同意. Granted as applied for.",
    "PARTIALLY_APPROVED": "部分同意. Granted in part, with a reason for every field that is not.",
    "REFUSED": "不同意. Refused, with the reason.",
    "WITHDRAWN": "已撤回. Taken back by who applied.",
    "REQUESTED": "已提出. Waits for the provider to negotiate.",
    "NEGOTIATING": "协商中. Both parties state their positions.",
    "AGREEMENT_PROPOSED": "拟达成一致. Waits for the other side's signature.",
    "FAILURE_PROPOSED": "拟终止协商. Waits for the other side's signature.",
    "AGREED": "协商一致. Shared in this single case.",
    "FAILED": "协商不成. Waits for the center to coordinate.",
    "COORDINATING": "协调中. The center coordinates with the provider.",
    "SHARE_PROPOSED": "拟予共享. Waits for the provider's signature.",
    "RESOLVED_SHARE": "协调共享. Shared in this single case.",
    "RESOLVED_NO_SHARE": "协调不共享. Not shared, with the reason.",
    "ACCEPTED": "同意开放. Waits for the provider's authorisation.",
    "AUTHORISED": "已授权. The center may open it.",
    "OPENED": "已开放. Opened to who applied.",
    "PENDING_SIGNATURE": "待签署. Not in force until the other side has signed.",
    "ACTIVE": "有效. In force, within its period.",
    "SUSPENDED": "暂停. Not in force until it is resumed.",
    "REVOKED": "撤销. Ended by the provider.",
    "EXPIRED": "到期. Its period is over, or what was proposed has lapsed.",
}
ACT: Final = {
    "DECLARE": "申报. Declare scope and purpose.",
    "APPLY": "申请. Apply.",
    "APPROVE": "同意. Grant all that was applied for.",
    "APPROVE_PARTLY": "部分同意. Grant a part of it.",
    "REFUSE": "不同意. Refuse.",
    "WITHDRAW": "撤回. Take an application back.",
    "REQUEST": "提出需求. Ask for what is not shared, for a duty.",
    "NEGOTIATE": "开始协商. Begin to negotiate, with a first position.",
    "STATE_POSITION": "陈述意见. State a position.",
    "PROPOSE_AGREEMENT": "提议一致. Propose what is shared in this single case.",
    "PROPOSE_FAILURE": "提议终止. Propose that the negotiation has failed.",
    "COUNTERSIGN": "会签. Sign what the other side has proposed.",
    "COORDINATE": "协调. Begin to coordinate.",
    "PROPOSE_SHARE": "提议共享. Propose that the provider shares in this single case.",
    "RESOLVE_NO_SHARE": "决定不共享. Resolve that it is not shared.",
    "ACCEPT": "同意开放. Accept an application for an opening.",
    "AUTHORISE": "授权. Authorise the center to open.",
    "OPEN": "开放. Open what was authorised.",
    "SUSPEND": "暂停. Suspend a grant for safety.",
    "SUSPEND_ON_CHANGE": "变更暂停. The gateway suspends a grant when what it was given for has changed.",
    "RESUME": "恢复. Put a suspended grant in force again.",
    "REVOKE": "撤销. End a grant.",
}
LINEAGE_ACT: Final = {
    "DECLARE_DERIVATIONS": "申报血缘. State what a dataset of one's own was made from.",
    "END_DERIVATIONS": "更正血缘. Correct what was stated; what was on record stays there.",
    "APPROVE_MASK": "认可脱敏. Accept a field's mask as enough in a field made from it.",
    "WITHDRAW_MASK": "撤回认可. Accept it no more.",
}
PARTY: Final = {
    "CONSUMER": "使用单位. Who uses the data.",
    "PROVIDER": "提供单位. Who provides it.",
    "CENTER": "市大数据中心. The center.",
    "GATEWAY": "网关. The gateway itself.",
}
PURPOSE: Final = {
    "SERVICE": "政务服务. A service for citizens or companies.",
    "SUPERVISION": "监督管理. Supervision.",
    "STATISTICS": "统计分析. Statistics.",
    "DECISION": "决策支持. Preparing decisions.",
    "EMERGENCY": "应急处置. An emergency.",
    "RESEARCH": "科学研究. Research.",
}
ROW_OPERATOR: Final = {
    "IN": "The value is one of these.",
    "FROM": "The value is this or greater.",
    "BEFORE": "The value is less than this.",
}
